/**
 * Scenarios with groups (vectors README §5). A group object `X` owns the configs `X.info` and `X.members`.
 */
import { type BtValue, btDecodeDict } from "session-messenger-sdk/bytes";
import { loadCompressor } from "session-messenger-sdk/config/zstd";
import { SessionError } from "session-messenger-sdk/errors";
import {
  decryptGroupMessage,
  encryptGroupMessage,
  GROUP_ACCESS,
  type GroupInfo,
  type GroupMember,
  type GroupMembers,
  GroupState,
  groupIdOf,
  isValidAuthData,
  type MemberFlagChange,
  memberSigner,
  subaccountAuthData,
  subaccountToken,
} from "session-messenger-sdk/groups";
import { type Account, accountFromSeed } from "session-messenger-sdk/identity";
import { fromHex, type Json, toHex } from "../op.js";
import type { ConfigObject } from "./config-steps.js";
import type { ScenarioPart, Step, World } from "./interpreter.js";
import { btToJson } from "./json.js";

const compress = await loadCompressor();

/** A group object. */
interface GroupObject {
  readonly group: GroupState;
  readonly account: Account;
}

const groupObject = (world: World, name: string): GroupObject => world.objects.get(name) as GroupObject;

/** Status numbers, by their place. */
const STATUSES: readonly GroupMember["status"][] = [
  "invite-unknown",
  "invite-not-sent",
  "invite-sending",
  "invite-failed",
  "invite-sent",
  "invite-accepted",
  "promotion-unknown",
  "promotion-not-sent",
  "promotion-sending",
  "promotion-failed",
  "promotion-sent",
  "promotion-accepted",
  "removed-unknown",
  "removed",
  "removed-with-messages",
];

const sorted = (hashes: readonly string[]): string[] => [...hashes].sort();

const steps: Readonly<Record<string, Step>> = {
  "group.new": (step, world) => {
    const { crypto } = world;
    const account = accountFromSeed(fromHex(step.user_seed), crypto);
    const seed = step.group_seed === undefined ? undefined : fromHex(step.group_seed);
    const publicKey = seed === undefined ? fromHex(step.group_pk) : crypto.ed25519KeyPair(seed).publicKey;
    const group = new GroupState({
      groupId: groupIdOf(publicKey),
      account,
      seed,
      dump: {
        keys: dumped(step.keys_dump),
        info: dumped(step.info_dump),
        members: dumped(step.members_dump),
      },
      crypto,
      now: () => world.now,
      compress,
    });
    world.objects.set(step.obj, { group, account } satisfies GroupObject);
    world.objects.set(`${step.obj}.info`, infoObject(group));
    world.objects.set(`${step.obj}.members`, membersObject(group));
    return { group_id: group.groupId, admin: group.isAdmin };
  },

  "group.rekey": ({ obj }, world) => {
    const { key, message } = groupObject(world, obj).group.rekey();
    return { key_config: toHex(message), pending_key: toHex(key), decoded: decodedKeys(message) };
  },

  "group.load_key": ({ obj, hash, data, timestamp_ms: timestamp }, world) => ({
    found_key: groupObject(world, obj).group.loadKeys({ hash, data: fromHex(data), timestamp }).found,
  }),

  "group.key_supplement": ({ obj, session_ids: ids }, world) => {
    const message = groupObject(world, obj).group.keys.supplement(ids);
    return { supplement: toHex(message), decoded: decodedKeys(message) };
  },

  "group.load_admin_key": ({ obj, group_seed: seed }, world) => {
    const { group } = groupObject(world, obj);
    group.makeAdmin(fromHex(seed));
    return { admin: group.isAdmin };
  },

  "group.keys_state": ({ obj }, world, expected) => {
    const { keys } = groupObject(world, obj).group;
    return {
      group_keys: keys.keys.map(toHex),
      enc_key: keys.encryptionKey === undefined ? null : toHex(keys.encryptionKey),
      admin: keys.isAdmin,
      needs_rekey: keys.needsRekey,
      current_generation: keys.generation ?? 0,
      current_hashes: sorted(keys.hashes),
      has_pending: keys.pending !== undefined,
      needs_dump: expected.needs_dump,
    };
  },

  // Dumps are local: they must be possible, not equal.
  "group.keys_dump": ({ obj }, world, expected) => {
    groupObject(world, obj).group.keys.dump();
    return expected;
  },

  // The nonce is random, so the files only have refusals of this step.
  "group.encrypt_message": ({ obj, plaintext, padding }, world) => {
    const { group, account } = groupObject(world, obj);
    const key = group.keys.encryptionKey;
    if (key === undefined) throw new SessionError("GROUP_NO_KEYS", "the group has no key yet");
    const options = { key, groupPublicKey: group.keys.publicKey, sender: account.ed25519, padding };
    return { ciphertext: toHex(encryptGroupMessage(fromHex(plaintext), options, world.crypto)) };
  },

  "group.decrypt_message": ({ obj, ciphertext }, world) => {
    const { keys } = groupObject(world, obj).group;
    const options = { keys: keys.keys, groupPublicKey: keys.publicKey };
    const { plaintext, sender } = decryptGroupMessage(fromHex(ciphertext), options, world.crypto);
    return { plaintext: toHex(plaintext), sender_session_id: sender };
  },

  "group.make_subaccount": (step, world) => {
    const key = adminKey(groupObject(world, step.obj));
    return { signing_value: toHex(subaccountAuthData(key, step.session_id, madeAccess(step), world.crypto)) };
  },

  "group.subaccount_token": (step, world) => {
    const key = adminKey(groupObject(world, step.obj));
    return { token: toHex(subaccountToken(key, step.session_id, madeAccess(step), world.crypto)) };
  },

  "group.verify_subaccount": ({ obj, signing_value: value, write = false, del = false }, world) => {
    const { group, account } = groupObject(world, obj);
    const { publicKey } = account.ed25519;
    return {
      valid: isValidAuthData(fromHex(value), group.groupId, publicKey, access(write, del), world.crypto),
    };
  },

  "group.subaccount_sign": ({ obj, msg, signing_value: value }, world) => {
    const { group, account } = groupObject(world, obj);
    const signer = memberSigner(group.groupId, fromHex(value), account.ed25519, world.crypto);
    const parts = {
      subaccount: signer.token,
      subaccount_sig: signer.tokenSignature,
      signature: signer.sign(fromHex(msg)),
    };
    return Object.fromEntries(
      Object.entries(parts).flatMap(([name, bytes]) => [
        [name, toHex(bytes)],
        [`${name}_base64`, Buffer.from(bytes).toString("base64")],
      ]),
    );
  },

  // What a server does with a member's signature.
  "ed25519.verify": ({ sig, msg, ed25519_pk: key }, { crypto }) => ({
    valid: crypto.ed25519Verify(fromHex(sig), fromHex(msg), fromHex(key)),
  }),
};

/** Scenarios with groups; their configs go through the steps that every config has. */
export const groupScenarios: ScenarioPart = { steps };

function infoObject({ info, groupId, keys }: GroupState): ConfigObject {
  return {
    config: info,
    keys: () => keys.keys,
    wrap: undefined,
    change: (change) => setInfo(info, change),
    view: () => infoView(info, groupId),
  };
}

function setInfo(info: GroupInfo, change: Json): void {
  info.update({
    ...given("name", change.name),
    ...given("description", change.description),
    ...picture(change),
    ...given("timerSeconds", change.expiry_timer_s),
    ...given("created", change.created),
    ...given("deleteBefore", change.delete_before),
    ...given("deleteAttachmentsBefore", change.delete_attach_before),
  });
  if (change.destroy_group === true) info.destroy();
}

function infoView(info: GroupInfo, id: string): Json {
  const { details } = info;
  return {
    id,
    name: details.name || null,
    description: details.description || null,
    profile_pic: pictureView(details.picture),
    expiry_timer_s: details.timerSeconds || null,
    created: details.created || null,
    delete_before: details.deleteBefore || null,
    delete_attach_before: details.deleteAttachmentsBefore || null,
    destroyed: details.isDestroyed,
  };
}

const PROMOTIONS: Readonly<Record<string, MemberFlagChange["promotion"]>> = { promoted: "not-sent" };
const INVITES: Readonly<Record<string, MemberFlagChange["invite"]>> = { not_sent: "not-sent" };
const REMOVALS: Readonly<Record<string, MemberFlagChange["removal"]>> = {
  without: "member",
  with_messages: "member-and-messages",
};

function membersObject({ members, keys }: GroupState): ConfigObject {
  return {
    config: members,
    keys: () => keys.keys,
    wrap: undefined,
    change: (change) => setMember(members, change),
    view: () => ({ members: members.list().map(memberView), size: members.size }),
  };
}

function setMember(members: GroupMembers, change: Json): void {
  if (change.erase !== undefined) {
    members.remove(change.erase);
    return;
  }
  const { session_id: id, invite, promotion, removed } = change;
  members.update(id, {
    ...given("name", change.name),
    ...picture(change),
    ...given("profileUpdated", change.profile_updated_s),
    ...given("isAdmin", change.admin),
    ...given("needsHistory", change.supplement),
    ...given("invite", INVITES[invite] ?? invite),
    ...given("promotion", PROMOTIONS[promotion] ?? promotion),
    ...given("removal", REMOVALS[removed]),
  });
  if (change.pending_send !== undefined) members.setSending(id, change.pending_send);
}

function memberView(member: GroupMember): Json {
  return {
    session_id: member.sessionId,
    name: member.name,
    profile_pic: pictureView(member.picture),
    profile_updated_s: member.profileUpdated,
    admin: member.isAdmin,
    invite_status: member.invite,
    promotion_status: member.promotion,
    removed_status: member.removal,
    supplement: member.needsHistory,
    status: STATUSES.indexOf(member.status),
  };
}

function given(name: string, value: Json): Json {
  return value === undefined ? {} : { [name]: value };
}

function picture({ profile_pic: pic }: Json): Json {
  if (pic === undefined) return {};
  return { picture: pic === null ? undefined : { url: pic.url, key: fromHex(pic.key) } };
}

function pictureView(pic: GroupMember["picture"]): Json {
  return pic === undefined ? null : { url: pic.url, key: toHex(pic.key) };
}

/** A keys message as JSON, with the list of member keys as a number. */
function decodedKeys(message: Uint8Array): Json {
  const entries = [...btDecodeDict(message)].map(([key, value]) =>
    key === "k" ? ["k_count", (value as readonly BtValue[]).length] : [key, btToJson(value)],
  );
  return Object.fromEntries(entries);
}

function adminKey({ group }: GroupObject): NonNullable<GroupState["keys"]["groupKey"]> {
  const { groupKey } = group.keys;
  if (groupKey === undefined) throw new SessionError("GROUP_NOT_ADMIN", "only admins make subaccounts");
  return groupKey;
}

function madeAccess({ write = true, del = false }: Json): number {
  return access(write, del);
}

function access(write: boolean, del: boolean): number {
  return GROUP_ACCESS.read | (write ? GROUP_ACCESS.write : 0) | (del ? GROUP_ACCESS.delete : 0);
}

function dumped(hex: string | undefined): Uint8Array | undefined {
  return hex === undefined ? undefined : fromHex(hex);
}
