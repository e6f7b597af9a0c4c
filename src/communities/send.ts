/**
 * What takes more than one step: writing, which needs the account's keys, and calls that belong together.
 *
 * @module
 */
import type { BlindedId } from "../identity/index.js";
import { encryptForBlinded } from "../messages/index.js";
import type { AttachmentPointer } from "../proto/index.js";
import {
  type CommunityFile,
  communityFileId,
  cutToSize,
  downloadFile,
  type UploadOptions,
  uploadFile,
} from "./calls-files.js";
import {
  deleteUserMessages,
  editMessage,
  type PostedMessage,
  postMessage,
  type SignedMessage,
  type WhisperOptions,
} from "./calls-messages.js";
import { banUser } from "./calls-moderation.js";
import { updateRoom } from "./calls-rooms.js";
import { encodeCommunityContent, type OutgoingCommunityText } from "./content.js";
import { invalidArgument } from "./errors.js";
import type { CommunityIdentity } from "./identity.js";
import { type InboxItem, postToInbox } from "./inbox.js";
import type { CommunityCallOptions, CommunityServer } from "./server.js";

/** When a message is written, and how long it may be. */
export interface WriteOptions {
  /** Sent time, unix milliseconds; the network's time when left out. */
  readonly timestamp?: number | undefined;
  /** Code points of the text; 2,000 when left out. */
  readonly textLimit?: number | undefined;
}

/**
 * Encodes and signs a room message. Files are listed from its attachments and its preview.
 *
 * @throws those of `encodeCommunityContent`
 */
export function signRoomMessage(
  message: OutgoingCommunityText,
  identity: CommunityIdentity,
  options: WriteOptions & { readonly timestamp: number },
): SignedMessage {
  const data = encodeCommunityContent(message, "community", options);
  const pointers = [
    ...(message.attachments ?? []),
    ...(message.preview?.image ? [message.preview.image] : []),
  ];
  const files = pointers.map(communityFileId).filter((id) => id !== undefined);
  return { data, signature: identity.signMessage(data), files: [...new Set(files)] };
}

/** Posts a message to a room, or whispers it. */
export async function sendRoomMessage(
  server: CommunityServer,
  token: string,
  message: OutgoingCommunityText,
  options: CommunityCallOptions & WriteOptions & WhisperOptions = {},
): Promise<PostedMessage> {
  const signed = await sign(server, message, options);
  return await server.run(postMessage(token, signed, options), options);
}

/** Replaces the content of an own message. */
export async function sendRoomEdit(
  server: CommunityServer,
  token: string,
  id: number,
  message: OutgoingCommunityText,
  options: CommunityCallOptions & WriteOptions = {},
): Promise<void> {
  await server.run(editMessage(token, id, await sign(server, message, options)), options);
}

/**
 * Writes to a blinded id. The apps show only messages with a text; files go encrypted to the file server, not to a room.
 *
 * @throws as {@link sealDirectMessage}; `COMMUNITY_NOT_FOUND` for users that the server does not know
 */
export async function sendDirectMessage(
  server: CommunityServer,
  recipient: BlindedId,
  message: OutgoingCommunityText,
  options: CommunityCallOptions & WriteOptions = {},
): Promise<Omit<InboxItem, "message">> {
  const encrypted = await sealDirectMessage(server, recipient, message, options);
  return await server.run(postToInbox(recipient, encrypted), options);
}

/**
 * A direct message to a blinded id, encrypted for `postToInbox`.
 *
 * @throws `COMMUNITY_NO_ACCOUNT`, `INVALID_ARGUMENT` without a text, those of `encodeCommunityContent`
 */
export async function sealDirectMessage(
  server: CommunityServer,
  recipient: BlindedId,
  message: OutgoingCommunityText,
  options: CommunityCallOptions & WriteOptions = {},
): Promise<Uint8Array> {
  if ((message.text ?? "") === "") throw invalidArgument("a direct message needs a text");
  await server.identity(options);
  const { account, publicKey: serverPublicKey, crypto } = server;
  const data = encodeCommunityContent(message, "inbox", { timestamp: server.now(), ...defined(options) });
  const sender = (account as NonNullable<typeof account>).ed25519.secretKey;
  return encryptForBlinded(data, { sender, recipient, serverPublicKey, crypto });
}

/** What {@link banAndDelete} did. */
export interface BannedAndDeleted {
  /** False when the user had written nothing. */
  readonly deleted: boolean;
}

/** Bans a user from a room and deletes all their messages there, in one request. */
export async function banAndDelete(
  server: CommunityServer,
  token: string,
  user: string,
  options: CommunityCallOptions & { readonly timeoutSeconds?: number | undefined } = {},
): Promise<BannedAndDeleted> {
  const calls = [banUser(user, { rooms: [token] }, options), deleteUserMessages(token, user)] as const;
  const [banned, deleted] = await server.sequence(calls, options);
  if (!banned.ok) throw banned.error;
  if (deleted.ok) return { deleted: true };
  if (deleted.error.code === "COMMUNITY_NOT_FOUND") return { deleted: false };
  throw deleted.error;
}

/** Uploads an image and makes it the room's. Returns its file id. */
export async function setRoomImage(
  server: CommunityServer,
  token: string,
  image: Uint8Array,
  options: CommunityCallOptions & UploadOptions = {},
): Promise<number> {
  const imageId = await server.run(uploadFile(token, image, options), options);
  await server.run(updateRoom(token, { imageId }), options);
  return imageId;
}

/**
 * Downloads an attachment of a message in `token`. Its own address says only which file it is, never which server to ask.
 *
 * @throws `INVALID_ARGUMENT` if it names no file of a community
 */
export async function downloadAttachment(
  server: CommunityServer,
  token: string,
  attachment: AttachmentPointer,
  options: CommunityCallOptions = {},
): Promise<CommunityFile> {
  const id = communityFileId(attachment);
  if (id === undefined) throw invalidArgument("the attachment is no file of a community");
  const file = await server.run(downloadFile(token, id), options);
  return { ...file, bytes: cutToSize(file.bytes, attachment) };
}

async function sign(
  server: CommunityServer,
  message: OutgoingCommunityText,
  options: CommunityCallOptions & WriteOptions,
): Promise<SignedMessage> {
  const identity = await server.identity(options);
  return signRoomMessage(message, identity, { timestamp: server.now(), ...defined(options) });
}

function defined({ timestamp, textLimit }: WriteOptions): { timestamp?: number; textLimit?: number } {
  return {
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(textLimit === undefined ? {} : { textLimit }),
  };
}
