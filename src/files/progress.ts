/**
 * Progress of a transfer in bytes of the file, from what the network tells about its requests.
 *
 * @module
 */
import type { TransferProgress } from "../network/index.js";

/** How far a transfer is. Never goes back, not even when a request is repeated; ends with `loaded` = `total`. */
export interface FileProgress {
  readonly direction: "upload" | "download";
  /** Bytes of the encrypted file, as good as the platform can tell; of a download with what protects it on its way. */
  readonly loaded: number;
  /** Where it will end; undefined while a download has not begun. */
  readonly total: number | undefined;
}

/** Takes {@link FileProgress}. What it throws is ignored. */
export type FileProgressListener = (progress: FileProgress) => void;

/** Turns the network's reports into ours. */
export class ProgressReporter {
  readonly #direction: FileProgress["direction"];
  readonly #listener: FileProgressListener | undefined;
  #loaded = -1;
  #total: number | undefined;

  constructor(direction: FileProgress["direction"], listener: FileProgressListener | undefined) {
    this.#direction = direction;
    this.#listener = listener;
  }

  /** For `callServer`; undefined when nobody listens, so that the network does not count in vain. */
  forNetwork(size?: number): ((progress: TransferProgress) => void) | undefined {
    if (this.#listener === undefined) return undefined;
    const wanted = this.#direction === "upload" ? "sent" : "received";
    return ({ direction, bytes, total }) => {
      if (direction !== wanted) return;
      if (size === undefined) this.report(bytes, total);
      // The last byte is reported when the server has answered.
      else this.report(Math.min(size - 1, Math.floor((bytes / (total ?? bytes)) * size)), size);
    };
  }

  report(loaded: number, total: number | undefined): void {
    if (loaded > this.#loaded) this.#tell(loaded, total);
  }

  /** Everything is there: a file of `size` bytes. */
  finish(size: number): void {
    const loaded = Math.max(size, this.#loaded);
    if (loaded > this.#loaded || this.#total !== loaded) this.#tell(loaded, loaded);
  }

  #tell(loaded: number, total: number | undefined): void {
    this.#loaded = loaded;
    this.#total = total;
    try {
      this.#listener?.({ direction: this.#direction, loaded, total });
    } catch {
      // A display that fails does not fail the transfer.
    }
  }
}
