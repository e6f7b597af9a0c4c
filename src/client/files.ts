/**
 * Files of a client: uploaded before their message goes into the outbox, downloaded when the app asks for them
 * (docs/protocol/attachments.md).
 *
 * @module
 */
import type { Crypto } from "../crypto/index.js";
import { type AbortOptions, isSessionError, SessionError } from "../errors/index.js";
import {
  type Attachment,
  attachmentToPointer,
  downloadAttachment,
  downloadAvatar,
  type FileErrorCode,
  type FileProgress,
  type FileProgressListener,
  knownFileServers,
  type OutgoingFile,
  type UploadAttachmentOptions,
  uploadAttachment,
  uploadAvatar,
} from "../files/index.js";
import type { Account } from "../identity/index.js";
import type { ProfilePicture } from "../messages/index.js";
import type { FileServer, Network } from "../network/index.js";
import type { AttachmentPointer } from "../proto/index.js";
import { whileOpen } from "./abort.js";
import type { CheckedContent } from "./content.js";
import type { ClientErrorCode } from "./errors.js";
import type { SendOptions } from "./sender.js";
import { invalidArgument } from "./targets.js";
import { orAborted } from "./timers.js";

/** How far the files of a message are uploaded. */
export interface UploadProgress extends FileProgress {
  /** Index of the file in the message. */
  readonly index: number;
  /** Number of files in the message. */
  readonly count: number;
}

/** How to upload. */
export interface UploadSettings {
  /** Called while files are uploaded. What it throws is ignored. */
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /**
   * How files are encrypted: `legacy` (the default) is understood by every app; with `stream` the same file of this
   * account is kept by the server once, however often it is sent.
   */
  readonly scheme?: "legacy" | "stream" | undefined;
}

/** How to download. */
export interface DownloadSettings extends AbortOptions {
  readonly onProgress?: FileProgressListener | undefined;
  /** Largest file accepted, bytes. Default: 10 000 000. */
  readonly maxBytes?: number | undefined;
}

/** What files are sent and fetched with. */
export interface FilesWorld {
  readonly network: Network;
  readonly account: Account;
  readonly crypto: Crypto;
  /** Ends with the client. */
  readonly lifetime: AbortSignal;
}

/** See the module's description. */
export class Files {
  readonly #world: FilesWorld;

  constructor(world: FilesWorld) {
    this.#world = world;
  }

  #server(): FileServer {
    const { fileServer } = this.#world.network.config;
    if (fileServer !== undefined) return fileServer;
    throw new SessionError<FileErrorCode>("FILE_SERVER_UNKNOWN", "the network has no file server");
  }

  /**
   * The step before sending that uploads what `content` has of files, one after the other, so that one at a time is in
   * memory; undefined if it has none. It throws `SEND_FAILED` (the network), the codes of the file server, `ABORTED`, and
   * what the files throw when they are read.
   *
   * @throws `FILE_SERVER_UNKNOWN` when the network has no file server
   */
  uploading({ files, previewImage }: CheckedContent, settings: UploadSettings): SendOptions["prepare"] {
    const count = files.length + (previewImage === undefined ? 0 : 1);
    if (count === 0) return undefined;
    const server = this.#server();
    return async (message, signal) => {
      if (message.kind !== "text") return message;
      const upload = (file: OutgoingFile, index: number, pad: boolean): Promise<AttachmentPointer> =>
        this.#upload(file, { ...this.#uploading(settings, index, count), server, signal, pad });
      const attachments: AttachmentPointer[] = [];
      for (const [index, file] of files.entries()) attachments.push(await upload(file, index, true));
      const { preview } = message;
      // The apps pad no images of previews.
      const image = previewImage && (await upload(previewImage, files.length, false));
      return {
        ...message,
        ...(attachments.length === 0 ? {} : { attachments }),
        ...(preview === undefined || image === undefined ? {} : { preview: { ...preview, image } }),
      };
    };
  }

  async #upload(
    file: OutgoingFile,
    options: UploadAttachmentOptions & { readonly signal: AbortSignal },
  ): Promise<AttachmentPointer> {
    // A file whose pieces do not come must not keep an abort waiting.
    const upload = orAborted(uploadAttachment(this.#world.network, file, options), options.signal);
    return attachmentToPointer((await upload.catch(rethrow)).attachment);
  }

  #uploading({ onProgress, scheme }: UploadSettings, index: number, count: number) {
    const { account, crypto } = this.#world;
    const listener: FileProgressListener | undefined =
      onProgress && ((progress) => onProgress({ ...progress, index, count }));
    // The first half of an Ed25519 secret key is its seed.
    return { crypto, scheme, seed: account.ed25519.secretKey.subarray(0, 32), onProgress: listener };
  }

  /** See `Client.setAvatar`. */
  async uploadAvatar(image: Uint8Array, options: UploadSettings & AbortOptions): Promise<ProfilePicture> {
    if (!(image instanceof Uint8Array)) throw invalidArgument("the avatar is not a Uint8Array");
    const server = this.#server();
    return whileOpen(this.#world, options, async (signal) => {
      const settings = { ...this.#uploading(options, 0, 1), server, signal };
      const { url, key } = await uploadAvatar(this.#world.network, image, settings).catch(rethrow);
      return { url, key };
    });
  }

  /** See `Client.download`. */
  async download(attachment: Attachment, options: DownloadSettings): Promise<Uint8Array> {
    if (typeof attachment !== "object" || attachment === null)
      throw invalidArgument("the attachment is not an object");
    const { network } = this.#world;
    return whileOpen(this.#world, options, (signal) =>
      downloadAttachment(network, attachment, { ...this.#downloading(options), signal }),
    );
  }

  /** See `Client.downloadAvatar`. */
  async downloadAvatar(picture: ProfilePicture | undefined, options: DownloadSettings): Promise<Uint8Array> {
    if (picture === undefined) throw invalidArgument("the profile has no picture");
    const { network } = this.#world;
    return whileOpen(this.#world, options, (signal) =>
      downloadAvatar(network, picture, { ...this.#downloading(options), signal }),
    );
  }

  #downloading({ onProgress, maxBytes }: DownloadSettings) {
    const { network, crypto } = this.#world;
    const { fileServer } = network.config;
    const servers = fileServer === undefined ? knownFileServers : [fileServer, ...knownFileServers];
    return { servers, crypto, onProgress, ...(maxBytes === undefined ? {} : { maxBytes }) };
  }
}

/** Failures of the network are failures to send; the file server's answers, and what is wrong with a file, stay. */
function rethrow(error: unknown): never {
  if (!isSessionError(error) || error.code.startsWith("FILE_")) throw error;
  if (isSessionError(error, "ABORTED", "CLOSED", "INVALID_ARGUMENT")) throw error;
  throw new SessionError<ClientErrorCode>("SEND_FAILED", "a file could not be uploaded", { cause: error });
}
