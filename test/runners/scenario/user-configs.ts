import {
  type Community,
  type ContactFields,
  Contacts,
  type Conversation,
  type ConversationId,
  ConvoInfoVolatile,
  formatCommunityUrl,
  type Group,
  type GroupBase,
  type GroupChange,
  type LegacyGroup,
  type LegacyGroupFields,
  parseCommunityUrl,
  truncateUtf8,
  UserGroups,
  UserProfile,
} from "session-messenger-sdk/config";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { accountFromSeed } from "session-messenger-sdk/identity";
import { fromHex, type Json, toHex } from "../op.js";
import { type ConfigObject, configSteps } from "./config-steps.js";
import type { ScenarioPart, World } from "./interpreter.js";

const compress = await loadCompressor();

type Kind = Pick<ConfigObject, "config" | "change" | "view">;
type Options = ConstructorParameters<typeof UserProfile>;

const KINDS: Readonly<Record<string, (...options: Options) => Kind>> = {
  "user-profile": (...options) => {
    const config = new UserProfile(...options);
    return { config, change: (change) => changeProfile(config, change), view: () => viewProfile(config) };
  },
  contacts: (...options) => {
    const config = new Contacts(...options);
    const view = () => ({ contacts: [...config].map(contactToJson), size: config.size });
    return { config, change: (change) => changeContact(config, change), view };
  },
  "convo-info-volatile": (...options) => {
    const config = new ConvoInfoVolatile(...options);
    const view = () => ({ conversations: [...config].map(conversationToJson), size: config.size });
    return { config, change: (change) => changeConversation(config, change), view };
  },
  "user-groups": (...options) => {
    const config = new UserGroups(...options);
    return { config, change: (change) => changeGroup(config, change), view: () => viewGroups(config) };
  },
};

/** Makes a config of an account. */
export function newUserConfig(
  { type, seed, dump }: Json,
  world: Pick<World, "crypto" | "now">,
): ConfigObject {
  const account = accountFromSeed(fromHex(seed), world.crypto);
  const kind = (KINDS[type] as (typeof KINDS)[string])(account, {
    crypto: world.crypto,
    now: () => world.now,
    compress,
    dump: dump === undefined ? undefined : fromHex(dump),
  });
  return { ...kind, keys: () => [account.ed25519.secretKey.slice(0, 32)], wrap: account.ed25519 };
}

/** The scenarios of an account's own configs. */
export const userConfigs: ScenarioPart = {
  steps: {
    ...configSteps,
    new: (step, world) => {
      const object = newUserConfig(step, world);
      world.objects.set(step.obj, object);
      return { namespace: object.config.namespace, domain: object.config.domain };
    },
  },
};

/** Members that are given, under other names and converted. */
function given(change: Json, members: Record<string, (value: Json) => Json>): Json {
  const entries = Object.entries(members).filter(([name]) => name in change);
  return Object.assign({}, ...entries.map(([name, convert]) => convert(change[name])));
}

const pictureFromJson = (pic: Json): Json =>
  pic === null ? undefined : { url: pic.url, key: fromHex(pic.key) };
const pictureToJson = (picture: Json): Json =>
  picture === undefined ? null : { url: picture.url, key: toHex(picture.key) };

function changeProfile(profile: UserProfile, change: Json): void {
  for (const [name, value] of Object.entries<Json>(change)) {
    if (name === "name") profile.name = value;
    else if (name === "name_truncated") profile.name = truncateUtf8(value);
    else if (name === "profile_pic") profile.setPicture(pictureFromJson(value));
    else if (name === "reupload_pic") profile.setReuploadedPicture(pictureFromJson(value));
    else if (name === "nts_priority") profile.noteToSelfPriority = value;
    else if (name === "nts_expiry_s") profile.noteToSelfTimer = value;
    else if (name === "blinded_msgreqs") profile.communityRequests = value ?? undefined;
    else throw new Error(`unknown change ${name}`);
  }
}

const viewProfile = (profile: UserProfile): Json => ({
  name: profile.name === "" ? null : profile.name,
  profile_pic: pictureToJson(profile.picture),
  profile_updated_s: profile.updated,
  nts_priority: profile.noteToSelfPriority,
  nts_expiry_s: profile.noteToSelfTimer === 0 ? null : profile.noteToSelfTimer,
  blinded_msgreqs: profile.communityRequests ?? null,
});

const CONTACT_NOTIFICATIONS = ["default", "all", "disabled", "all"] as const;
const EXPIRATION_MODES = ["off", "after-send", "after-read"] as const;

function changeContact(contacts: Contacts, change: Json): void {
  if (change.erase !== undefined) {
    contacts.remove(change.erase);
    return;
  }
  const fields: Partial<ContactFields> = given(change, {
    name: (name) => ({ name }),
    nickname: (nickname) => ({ nickname }),
    nickname_truncated: (nickname) => ({ nickname: truncateUtf8(nickname) }),
    approved: (approved) => ({ approved }),
    approved_me: (approvedMe) => ({ approvedMe }),
    blocked: (blocked) => ({ blocked }),
    priority: (priority) => ({ priority }),
    notifications: (mode) => ({ notifications: CONTACT_NOTIFICATIONS[mode] }),
    mute_until: (mutedUntil) => ({ mutedUntil }),
    exp_mode: (mode) => ({ expiration: { mode: EXPIRATION_MODES[mode], seconds: change.exp_timer_s } }),
    created: (created) => ({ created }),
    profile_pic: (pic) => ({ picture: pictureFromJson(pic) }),
    profile_updated_s: (profileUpdated) => ({ profileUpdated }),
  });
  contacts.set(change.session_id, fields);
}

/** A contact as the vectors show it. */
export const contactToJson = ({ id, picture, expiration, ...contact }: Json): Json => ({
  session_id: id,
  name: contact.name,
  nickname: contact.nickname,
  approved: contact.approved,
  approved_me: contact.approvedMe,
  blocked: contact.blocked,
  priority: contact.priority,
  notifications: CONTACT_NOTIFICATIONS.indexOf(contact.notifications),
  mute_until: contact.mutedUntil,
  exp_mode: EXPIRATION_MODES.indexOf(expiration.mode),
  exp_timer_s: expiration.seconds,
  created: contact.created,
  profile_pic: pictureToJson(picture),
  profile_updated_s: contact.profileUpdated,
});

function conversationOf({ kind, id, base_url, room }: Json): ConversationId {
  if (kind === "community") return { kind, baseUrl: base_url, room };
  return { kind: kind === "1to1" ? "contact" : kind === "group" ? "group" : "legacy-group", id };
}

function changeConversation(config: ConvoInfoVolatile, change: Json): void {
  const conversation = conversationOf(change);
  if (change.erase) {
    config.remove(conversation);
    return;
  }
  const fields = given(change, {
    last_read: (lastRead) => ({ lastRead }),
    unread: (unread) => ({ unread }),
  });
  config.set(conversation, fields, change.pubkey);
}

function conversationToJson(conversation: Conversation): Json {
  const { lastRead: last_read, unread } = conversation;
  if (conversation.kind === "community") {
    const { baseUrl: base_url, room, publicKey: pubkey } = conversation;
    return { kind: "community", base_url, room, pubkey, last_read, unread };
  }
  const kind = { contact: "1to1", group: "group", "legacy-group": "legacy_group", blinded: "blinded" }[
    conversation.kind
  ];
  return { kind, id: conversation.id, last_read, unread };
}

const GROUP_NOTIFICATIONS = ["default", "all", "disabled", "mentions"] as const;

function changeGroup(config: UserGroups, change: Json): void {
  const base: Partial<GroupBase> = given(change, {
    priority: (priority) => ({ priority }),
    joined_at: (joined) => ({ joined }),
    notifications: (mode) => ({ notifications: GROUP_NOTIFICATIONS[mode] }),
    mute_until: (mutedUntil) => ({ mutedUntil }),
    invited: (invited) => ({ invited }),
  });
  if (change.kind === "community") changeCommunity(config, change, base);
  else if (change.kind === "group") changeClosedGroup(config, change, base);
  else changeLegacyGroup(config, change, base);
}

function changeCommunity(config: UserGroups, change: Json, base: Partial<GroupBase>): void {
  const room =
    change.full_url === undefined
      ? { baseUrl: change.base_url, room: change.room, publicKey: change.pubkey }
      : parseCommunityUrl(change.full_url);
  if (change.erase) config.removeCommunity(room);
  else config.setCommunity(room, base);
}

function changeClosedGroup(config: UserGroups, change: Json, base: Partial<GroupBase>): void {
  if (change.erase) {
    config.removeGroup(change.id);
    return;
  }
  const bytes = (hex: string): Uint8Array | undefined => (hex === "" ? undefined : fromHex(hex));
  const fields: GroupChange = given(change, {
    name: (name) => ({ name }),
    auth_data: (data) => ({ authData: bytes(data) }),
    secretkey: (key) => ({ secretKey: bytes(key) }),
    mark_kicked: () => ({ removal: "kicked" }),
    mark_destroyed: () => ({ removal: "destroyed" }),
    mark_invited: () => ({ removal: undefined }),
  });
  config.setGroup(change.id, { ...base, ...fields });
}

function changeLegacyGroup(config: UserGroups, change: Json, base: Partial<GroupBase>): void {
  if (change.erase) {
    config.removeLegacyGroup(change.session_id);
    return;
  }
  const fields: Partial<LegacyGroupFields> = given(change, {
    name: (name) => ({ name }),
    disappearing_timer_s: (timer) => ({ timer }),
    enc_pubkey: (key) => ({
      encryption: { publicKey: fromHex(key), secretKey: fromHex(change.enc_seckey) },
    }),
    members: (members) => ({ members: changedMembers(config, change.session_id, members) }),
  });
  config.setLegacyGroup(change.session_id, { ...base, ...fields });
}

function changedMembers(config: UserGroups, id: string, change: Json): Json {
  const members = new Map<string, boolean>(config.getLegacyGroup(id)?.members);
  for (const [member, admin] of Object.entries<Json>(change)) {
    if (admin === null) members.delete(member);
    else members.set(member, admin);
  }
  return members;
}

function viewGroups(config: UserGroups): Json {
  const groups = [
    ...[...config.groups()].map(groupToJson),
    ...[...config.communities()].map(communityToJson),
    ...[...config.legacyGroups()].map(legacyGroupToJson),
  ];
  return { groups, size: groups.length };
}

const baseToJson = (base: GroupBase): Json => ({
  priority: base.priority,
  joined_at: base.joined,
  notifications: GROUP_NOTIFICATIONS.indexOf(base.notifications),
  mute_until: base.mutedUntil,
  invited: base.invited,
});

const groupToJson = (group: Group): Json => ({
  kind: "group",
  ...baseToJson(group),
  id: group.id,
  name: group.name,
  secretkey: toHex(group.secretKey ?? new Uint8Array(0)),
  auth_data: toHex(group.authData ?? new Uint8Array(0)),
  kicked: group.removal === "kicked",
  destroyed: group.removal === "destroyed",
  removed_status: group.removal === undefined ? 0 : group.removal === "kicked" ? 1 : 2,
});

const communityToJson = (community: Community): Json => ({
  kind: "community",
  ...baseToJson(community),
  name: "",
  base_url: community.baseUrl,
  room: community.room,
  room_norm: community.room.toLowerCase(),
  pubkey: community.publicKey,
  full_url: formatCommunityUrl(community),
});

const legacyGroupToJson = (group: LegacyGroup): Json => ({
  kind: "legacy_group",
  ...baseToJson(group),
  session_id: group.id,
  name: group.name,
  enc_pubkey: toHex(group.encryption?.publicKey ?? new Uint8Array(0)),
  enc_seckey: toHex(group.encryption?.secretKey ?? new Uint8Array(0)),
  members: Object.fromEntries(group.members),
  disappearing_timer_s: group.timer,
});
