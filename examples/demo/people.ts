/** Two people who write to each other, and what the demo shows of it. */
import { createHash } from "node:crypto";
import {
  type Attachment,
  type Client,
  type MessageContent,
  type ReceivedText,
  SessionError,
} from "session-messenger-sdk";
import type { ClientEvents } from "session-messenger-sdk/client";
import { bold, dim, line, seconds } from "./terminal.js";

export interface Person {
  readonly name: string;
  readonly client: Client;
}

/** The next event of this name. A demo that hangs would say nothing, so it gives up after fifteen seconds. */
export function next<Name extends keyof ClientEvents>(
  { client }: Person,
  name: Name,
): Promise<ClientEvents[Name]> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new SessionError("TIMEOUT", `no "${name}" within fifteen seconds`));
    }, 15_000);
    const off = client.on(name, (event) => {
      clearTimeout(late);
      off();
      resolve(event);
    });
  });
}

/** Does something that `to` gets as an event of this name, and waits until it is there. */
export async function seen<Name extends keyof ClientEvents, Result>(
  to: Person,
  name: Name,
  work: () => Promise<Result>,
): Promise<{ readonly event: ClientEvents[Name]; readonly result: Result; readonly ms: number }> {
  const started = performance.now();
  const arrival = next(to, name);
  const sent = work().then((done) => to.client.poll().then(() => done));
  await Promise.all([arrival, sent]);
  return { event: await arrival, result: await sent, ms: performance.now() - started };
}

/** Sends a message with a file, fetches the file on the other side, and compares. */
export async function share(from: Person, to: Person, content: MessageContent): Promise<ReceivedText> {
  let uploaded = 0;
  const { event, ms } = await seen(to, "message", () =>
    from.client.send(to.client.sessionId, content, {
      onProgress: ({ loaded }) => {
        uploaded = loaded;
      },
    }),
  );
  const [attachment] = event.attachments;
  if (attachment === undefined) throw new SessionError("INVALID_ARGUMENT", "no file arrived");
  const started = performance.now();
  const file = await to.client.download(attachment);
  const [sent] = [...(content.attachments ?? []), ...(content.voice === undefined ? [] : [content.voice])];
  const isSame = Buffer.compare(file, sent?.data as Uint8Array) === 0;
  line(
    `  ${bold(from.name)} → ${bold(to.name)}  ${[event.text, describe(attachment)].filter(Boolean).join("  ")}`,
  );
  line(dim(`    upload    ${kilobytes(uploaded)} encrypted, then the message: ${seconds(ms)}`));
  line(dim(`    download  ${seconds(performance.now() - started)}, verified; sha-256 ${fingerprint(file)}`));
  if (!isSame) throw new SessionError("INVALID_ARGUMENT", "another file arrived than was sent");
  return event;
}

function describe({ fileName, contentType, size = 0, width, height, isVoiceMessage }: Attachment): string {
  const what = isVoiceMessage ? "🎤 voice message" : (fileName ?? "a file");
  const pixels = width === undefined || height === undefined ? "" : `, ${width} × ${height} pixels`;
  return `[${what}: ${contentType}, ${kilobytes(size)}${pixels}]`;
}

const fingerprint = (bytes: Uint8Array): string =>
  `${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}…`;
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`;
