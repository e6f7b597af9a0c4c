/** Every endpoint, from end to end: over plain HTTP, and as onion requests over three nodes. */
import {
  addReaction,
  banAndDelete,
  banUser,
  type CommunityServer,
  capabilities,
  clearInbox,
  communityAttachment,
  communityIdentity,
  decodeInboxItem,
  deleteMessage,
  deleteUserMessages,
  deleteUserMessagesEverywhere,
  downloadAttachment,
  downloadFile,
  inbox,
  message,
  messagesBefore,
  messagesSince,
  outbox,
  permissions,
  pinMessage,
  poll,
  pollInfo,
  type RoomMessage,
  type RoomUpdate,
  reactors,
  recentMessages,
  removeAllReactions,
  removeReaction,
  requireCapabilities,
  room,
  rooms,
  scheduledPermissions,
  schedulePermissions,
  sendDirectMessage,
  sendRoomEdit,
  sendRoomMessage,
  setPermissions,
  setRole,
  setRoomImage,
  unbanUser,
  unpinMessage,
  updateRoom,
  uploadFile,
  userPermissions,
} from "session-messenger-sdk/communities";
import { parseBlindedId } from "session-messenger-sdk/identity";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  accountOf,
  codeOf,
  errorOf,
  introduce,
  newRoom,
  onionWorld,
  plainWorld,
  type World,
} from "./support.js";

const START = 1_764_000_000_000;
const DAY = 86_400_000;

const textsOf = (updates: readonly RoomUpdate[]): string[] =>
  updates.flatMap((update) => (update.kind === "message" ? [update.message.text] : [update.kind]));

for (const [way, open] of [
  ["plain HTTP", plainWorld],
  ["onion requests", onionWorld],
] as const) {
  describe(`a community over ${way}`, () => {
    let world: World;
    let admin: CommunityServer;
    let ada: CommunityServer;
    let bob: CommunityServer;
    let adaId: string;
    let bobId: string;
    let adminId: string;

    beforeAll(async () => {
      world = await open({ postLimit: false });
      admin = world.connect(accountOf(1));
      ada = world.connect(accountOf(2));
      bob = world.connect(accountOf(3));
      adminId = await introduce(admin);
      adaId = await introduce(ada);
      bobId = await introduce(bob);
      world.community.setRole(accountOf(1).sessionId, { admin: true, moderator: true, visible: true });
    });
    afterAll(async () => await world[Symbol.asyncDispose]());

    it("tells capabilities, with and without account", async () => {
      const expected = { names: ["blind", "reactions", "sogs"], blinding: true, reactions: true };
      expect(await ada.run(capabilities())).toEqual(expected);
      expect(await world.connect().run(capabilities())).toEqual(expected);
      expect(await ada.run(requireCapabilities(["sogs", "blind"]))).toEqual(expected);
      const error = await errorOf(ada.run(requireCapabilities(["sogs", "flying"])));
      expect(error).toMatchObject({ code: "COMMUNITY_CAPABILITY_MISSING", details: { missing: ["flying"] } });
    });

    it("lists rooms and tells about one", async () => {
      const token = newRoom(world.community, { description: "where\ntests meet" });
      expect((await ada.run(rooms())).map((one) => one.token)).toContain(token);
      const shown = await ada.run(room(token.toUpperCase()));
      expect(shown).toMatchObject({
        token,
        description: "where\ntests meet",
        infoUpdates: 0,
        messageSequence: 0,
        read: true,
        write: true,
        upload: true,
        moderator: false,
        admins: [adminId],
        pinnedMessages: [],
      });
      expect(shown.defaults).toBeUndefined();
      expect((await admin.run(room(token))).defaults).toEqual({
        accessible: true,
        read: true,
        write: true,
        upload: true,
      });
      expect(await codeOf(ada.run(room("no-such-room")))).toBe("COMMUNITY_NOT_FOUND");
      expect((await ada.run(pollInfo(token, 0))).details).toBeUndefined();
      expect((await ada.run(pollInfo(token, 7))).details?.name).toBe(shown.name);
    });

    it("posts, reads, edits and deletes", async () => {
      const token = newRoom(world.community);
      const profile = { name: "Ada", updatedAt: 0 };
      const first = await sendRoomMessage(ada, token, {
        text: "first",
        profile,
        blocksMessageRequests: true,
      });
      const quote = { timestamp: first.timestamp, author: adaId };
      const second = await sendRoomMessage(bob, token, { text: `@${adaId} second`, quote });
      expect([first.seqno, second.seqno]).toEqual([1, 2]);
      expect(second.filtered).toBe(false);

      const page = await ada.run(recentMessages(token, { limit: 10 }));
      expect(page).toMatchObject({ cursor: 2, full: false });
      const [newest, oldest] = page.updates.map((update) => (update as { message: RoomMessage }).message);
      expect(newest).toMatchObject({
        id: second.id,
        from: bobId,
        outgoing: false,
        quote,
        text: `@${adaId} second`,
      });
      expect(oldest).toMatchObject({
        from: adaId,
        outgoing: true,
        timestamp: first.timestamp,
        blocksMessageRequests: true,
      });
      expect(oldest?.profile).toBeUndefined();
      expect((await bob.run(message(token, first.id))).profile?.name).toBe("Ada");
      expect(textsOf((await bob.run(messagesBefore(token, second.id))).updates)).toEqual(["first"]);

      await sendRoomEdit(ada, token, first.id, { text: "changed" });
      expect(await codeOf(sendRoomEdit(bob, token, first.id, { text: "mine" }))).toBe("COMMUNITY_FORBIDDEN");
      const changed = await bob.run(message(token, first.id));
      expect(changed).toMatchObject({ text: "changed", seqno: 3, timestamp: first.timestamp });
      expect(changed.editedAt).toBeGreaterThanOrEqual(first.timestamp);

      expect(await codeOf(bob.run(deleteMessage(token, first.id)))).toBe("COMMUNITY_FORBIDDEN");
      await ada.run(deleteMessage(token, first.id));
      expect(await codeOf(ada.run(deleteMessage(token, first.id)))).toBe("COMMUNITY_NOT_FOUND");
      const later = await bob.run(messagesSince(token, 2));
      expect(later.updates).toEqual([
        {
          kind: "deleted",
          id: first.id,
          seqno: 4,
          from: adaId,
          timestamp: first.timestamp,
          deletedAt: expect.any(Number),
        },
      ]);
      // Who starts from the beginning never knew it.
      expect(textsOf((await bob.run(messagesSince(token, 0))).updates)).toEqual([`@${adaId} second`]);
    });

    it("reads as anybody, and writes only as somebody", async () => {
      const token = newRoom(world.community);
      await sendRoomMessage(ada, token, { text: "for all" });
      const nobody = world.connect();
      expect(textsOf((await nobody.run(recentMessages(token))).updates)).toEqual(["for all"]);
      expect(await codeOf(sendRoomMessage(nobody, token, { text: "x" }))).toBe("COMMUNITY_NO_ACCOUNT");
      expect(await codeOf(nobody.run(deleteMessage(token, 1)))).toBe("COMMUNITY_UNAUTHORIZED");
    });

    it("reacts, and takes reactions back", async () => {
      const token = newRoom(world.community);
      const { id } = await sendRoomMessage(ada, token, { text: "react" });
      expect(await ada.run(addReaction(token, id, "👍"))).toEqual({ changed: true, seqno: 2 });
      expect(await bob.run(addReaction(token, id, "👍"))).toEqual({ changed: true, seqno: 3 });
      expect(await bob.run(addReaction(token, id, "👍"))).toEqual({ changed: false, seqno: 3 });
      expect(await bob.run(addReaction(token, id, "50% é/?#"))).toMatchObject({ changed: true });
      const page = await bob.run(messagesSince(token, 1, { reactors: 1 }));
      expect(page.updates).toEqual([
        {
          kind: "reactions",
          id,
          seqno: 4,
          reactions: [
            { emoji: "👍", count: 2, reactors: [adaId], you: true },
            { emoji: "50% é/?#", count: 1, reactors: [bobId], you: true },
          ],
        },
      ]);
      const who = await ada.run(reactors(token, id, "👍"));
      expect(who.map((one) => one.id)).toEqual([adaId, bobId]);
      expect(await ada.run(reactors(token, id, "👍", { limit: 1 }))).toHaveLength(1);
      expect(await bob.run(removeReaction(token, id, "👍"))).toEqual({ changed: true, seqno: 5 });
      expect(await codeOf(bob.run(removeAllReactions(token, id)))).toBe("COMMUNITY_FORBIDDEN");
      expect(await admin.run(removeAllReactions(token, id, "👍"))).toEqual({ count: 1, seqno: 6 });
      expect(await admin.run(removeAllReactions(token, id))).toEqual({ count: 1, seqno: 7 });
      expect((await ada.run(message(token, id))).reactions).toEqual([]);
      expect(await codeOf(ada.run(addReaction(token, 4242, "👍")))).toBe("COMMUNITY_NOT_FOUND");
    });

    it("pins and unpins", async () => {
      const token = newRoom(world.community);
      const { id } = await sendRoomMessage(ada, token, { text: "pin me" });
      const { id: other } = await sendRoomMessage(ada, token, { text: "me too" });
      expect(await codeOf(ada.run(pinMessage(token, id)))).toBe("COMMUNITY_FORBIDDEN");
      expect(await admin.run(pinMessage(token, id))).toBe(1);
      expect(await admin.run(pinMessage(token, other))).toBe(2);
      expect((await ada.run(room(token))).pinnedMessages).toEqual([
        { id, pinnedAt: expect.any(Number), pinnedBy: adminId },
        { id: other, pinnedAt: expect.any(Number), pinnedBy: adminId },
      ]);
      expect(await admin.run(unpinMessage(token, id))).toEqual({ count: 1, infoUpdates: 3 });
      expect(await admin.run(unpinMessage(token, id))).toEqual({ count: 0, infoUpdates: 3 });
      expect(await admin.run(unpinMessage(token, "all"))).toEqual({ count: 1, infoUpdates: 4 });
    });

    it("whispers", async () => {
      const token = newRoom(world.community);
      await admin.run(setRole(bobId, { rooms: [token] }, { moderator: true }));
      expect(await codeOf(sendRoomMessage(ada, token, { text: "psst" }, { whisperMods: true }))).toBe(
        "COMMUNITY_FORBIDDEN",
      );
      await sendRoomMessage(admin, token, { text: "to ada" }, { whisperTo: adaId });
      await sendRoomMessage(bob, token, { text: "to moderators" }, { whisperMods: true });
      const seenBy = async (server: CommunityServer): Promise<string[]> =>
        textsOf((await server.run(recentMessages(token))).updates);
      expect(await seenBy(ada)).toEqual(["to ada"]);
      expect(await seenBy(bob)).toEqual(["to moderators"]);
      expect(await seenBy(admin)).toEqual(["to moderators", "to ada"]);
      expect(await seenBy(world.connect())).toEqual([]);
      const [whisper] = (await ada.run(recentMessages(token))).updates;
      expect(whisper).toMatchObject({ message: { whisper: { to: adaId, moderators: false } } });
    });

    it("uploads and downloads files, and keeps those that messages show", async () => {
      const token = newRoom(world.community);
      const bytes = new Uint8Array(1000).map((_, index) => index % 251);
      const id = await ada.run(uploadFile(token, bytes, { fileName: "a b'é.bin" }));
      const fresh = await bob.run(downloadFile(token, id));
      expect(fresh.bytes).toEqual(bytes);
      expect(fresh.fileName).toBe("a b'é.bin");
      const attachment = communityAttachment({ baseUrl: ada.baseUrl, token }, id, {
        contentType: "application/octet-stream",
        fileName: "a.bin",
        size: 900,
      });
      expect(attachment.url).toBe(`${world.community.url}/room/${token}/file/${id}`);
      const posted = await sendRoomMessage(ada, token, { attachments: [attachment] });
      const [shown] = (await bob.run(message(token, posted.id))).attachments;
      expect(shown).toMatchObject({ id: BigInt(id), size: 900 });
      const kept = await downloadAttachment(bob, token, shown as NonNullable<typeof shown>);
      expect(kept.bytes).toEqual(bytes.subarray(0, 900));
      expect((kept.expiresAt ?? 0) - (fresh.expiresAt ?? 0)).toBeGreaterThan(14 * DAY);
      expect(await codeOf(bob.run(downloadFile(token, 4242)))).toBe("COMMUNITY_NOT_FOUND");
      expect(await codeOf(world.connect().run(uploadFile(token, bytes)))).toBe("COMMUNITY_UNAUTHORIZED");
    });

    it("changes a room and its image", async () => {
      const token = newRoom(world.community);
      expect(await codeOf(ada.run(updateRoom(token, { name: "x" })))).toBe("COMMUNITY_FORBIDDEN");
      expect(await admin.run(updateRoom(token, { name: "New\nname", description: "two\nlines" }))).toBe(2);
      expect(await admin.run(updateRoom(token, { description: null, defaults: { upload: false } }))).toBe(3);
      const image = await setRoomImage(admin, token, new Uint8Array([137, 80, 78, 71]), {
        fileName: "i.png",
      });
      const changed = await ada.run(room(token));
      expect(changed).toMatchObject({ name: "Newname", imageId: image, infoUpdates: 4, upload: false });
      expect(changed.description).toBeUndefined();
      expect((await ada.run(downloadFile(token, image))).expiresAt).toBeUndefined();
      expect(await codeOf(ada.run(uploadFile(token, new Uint8Array(1))))).toBe("COMMUNITY_FORBIDDEN");
      expect(await codeOf(admin.run(updateRoom(token, { imageId: 4242 })))).toBe("COMMUNITY_NOT_ACCEPTABLE");
    });

    it("gives and takes roles", async () => {
      const token = newRoom(world.community);
      const scope = { rooms: [token] };
      expect(await codeOf(ada.run(setRole(bobId, scope, { moderator: true })))).toBe("COMMUNITY_FORBIDDEN");
      expect(await admin.run(setRole(bobId, scope, { admin: true }))).toEqual(new Map([[token, 1]]));
      expect((await ada.run(room(token))).admins).toContain(bobId);
      await bob.run(setRole(adaId, scope, { moderator: true, visible: false }));
      expect(await ada.run(room(token))).toMatchObject({
        moderator: true,
        admin: false,
        hiddenModerators: [adaId],
      });
      expect((await world.connect().run(room(token))).moderators).toEqual([]);
      await admin.run(setRole(bobId, scope, { admin: false, moderator: true }));
      expect((await bob.run(room(token))).moderators).toEqual([bobId]);
      await admin.run(setRole(bobId, scope, { moderator: false }));
      expect(await bob.run(room(token))).toMatchObject({ moderator: false, moderators: [] });
      const everywhere = await admin.run(setRole(bobId, { rooms: "all" }, { moderator: true }));
      expect([...everywhere.keys()]).toContain(token);
      await admin.run(setRole(bobId, { rooms: "all" }, { moderator: false }));
      await admin.run(setRole(bobId, { global: true }, { moderator: true }));
      expect((await bob.run(room(token))).globalModerator).toBe(true);
      await admin.run(setRole(bobId, { global: true }, { moderator: false }));
      expect((await bob.run(room(token))).globalModerator).toBe(false);
    });

    it("bans, lets in again, and deletes", async () => {
      const token = newRoom(world.community);
      await sendRoomMessage(bob, token, { text: "spam" });
      expect(await codeOf(ada.run(banUser(bobId, { rooms: [token] })))).toBe("COMMUNITY_FORBIDDEN");
      expect(await codeOf(admin.run(banUser(adminId, { rooms: [token] })))).toBe("COMMUNITY_FORBIDDEN");
      // By Session ID: the server finds the blinded one.
      await admin.run(banUser(accountOf(3).sessionId, { rooms: [token] }));
      expect(await codeOf(bob.run(recentMessages(token)))).toBe("COMMUNITY_FORBIDDEN");
      expect(await codeOf(sendRoomMessage(bob, token, { text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
      expect((await admin.run(permissions(token))).get(bobId)).toMatchObject({ banned: true });
      await admin.run(unbanUser(bobId, { rooms: [token] }));
      await sendRoomMessage(bob, token, { text: "again" });
      expect(await banAndDelete(admin, token, bobId, { timeoutSeconds: 600 })).toEqual({ deleted: true });
      expect(await admin.run(scheduledPermissions(token))).toEqual([
        { user: bobId, at: expect.any(Number), banned: false },
      ]);
      expect(await banAndDelete(admin, token, bobId)).toEqual({ deleted: false });
      expect(textsOf((await ada.run(messagesSince(token, 2))).updates)).toEqual(["deleted", "deleted"]);

      await sendRoomMessage(ada, token, { text: "one" });
      expect(await codeOf(ada.run(deleteUserMessages(token, adminId)))).toBe("COMMUNITY_FORBIDDEN");
      await ada.run(deleteUserMessages(token, adaId));
      expect(await codeOf(ada.run(deleteUserMessages(token, adaId)))).toBe("COMMUNITY_NOT_FOUND");
      await sendRoomMessage(ada, token, { text: "two" });
      const everywhere = await admin.run(deleteUserMessagesEverywhere(adaId));
      expect(everywhere.rooms.get(token)).toBe(1);
      expect(everywhere.total).toBeGreaterThanOrEqual(1);

      await admin.run(banUser(bobId, { global: true }));
      expect(await codeOf(bob.run(rooms()))).toBe("COMMUNITY_BANNED");
      await admin.run(unbanUser(bobId, { global: true }));
      expect(await bob.run(rooms())).not.toEqual([]);
    });

    it("sets permissions, now and later", async () => {
      const token = newRoom(world.community);
      expect(await codeOf(ada.run(permissions(token)))).toBe("COMMUNITY_FORBIDDEN");
      expect(await admin.run(setPermissions(token, bobId, { write: false, upload: false }))).toMatchObject({
        write: false,
        upload: false,
        banned: false,
      });
      expect(await codeOf(sendRoomMessage(bob, token, { text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
      expect((await admin.run(userPermissions(token, bobId))).write).toBe(false);
      const schedule = await admin.run(schedulePermissions(token, bobId, 600, { write: true }));
      expect(schedule).toEqual([{ at: expect.any(Number), write: true }]);
      expect(await admin.run(scheduledPermissions(token, bobId))).toEqual(schedule);
      await admin.run(setPermissions(token, bobId, { upload: "default", keepSchedule: true }));
      expect(await admin.run(scheduledPermissions(token, bobId))).toEqual(schedule);
      await admin.run(setPermissions(token, bobId, { write: "default" }));
      expect(await admin.run(scheduledPermissions(token, bobId))).toEqual([]);
      expect(await codeOf(admin.run(userPermissions(token, bobId)))).toBe("COMMUNITY_NOT_FOUND");
    });

    it("writes to blinded people", async () => {
      const context = (server: CommunityServer, account = accountOf(2)) => ({
        account,
        serverPublicKey: server.publicKey,
        validation: { now: server.now() },
      });
      await bob.run(clearInbox());
      const recipient = parseBlindedId(bobId);
      const sent = await sendDirectMessage(ada, recipient, {
        text: "hi bob",
        profile: { name: "Ada", updatedAt: 0 },
      });
      expect(sent).toMatchObject({ sender: adaId, recipient: bobId });
      expect(sent.expiresAt - sent.timestamp).toBe(15 * DAY);
      const received = await bob.run(inbox());
      expect(received.cursor).toBe(sent.id);
      const [item] = received.items;
      expect(decodeInboxItem(item as NonNullable<typeof item>, context(bob, accountOf(3)))).toMatchObject({
        kind: "message",
        message: { from: accountOf(2).sessionId, text: "hi bob", outgoing: false, profile: { name: "Ada" } },
      });
      const [own] = (await ada.run(outbox({ since: sent.id - 1 }))).items;
      expect(decodeInboxItem(own as NonNullable<typeof own>, context(ada))).toMatchObject({
        message: { from: accountOf(2).sessionId, outgoing: true, recipient: bobId },
      });
      expect(await bob.run(inbox({ since: sent.id }))).toEqual({ items: [], full: false });
      const unknown = communityIdentity(accountOf(99), "15", ada.publicKey).id as typeof recipient;
      expect(await codeOf(sendDirectMessage(ada, unknown, { text: "x" }))).toBe("COMMUNITY_NOT_FOUND");
      const noPoint = parseBlindedId(`15${"00".repeat(32)}`);
      expect(await codeOf(sendDirectMessage(ada, noPoint, { text: "x" }))).toBe("MESSAGE_INVALID_RECIPIENT");
      expect(await codeOf(sendDirectMessage(ada, recipient, {}))).toBe("INVALID_ARGUMENT");
      expect(await bob.run(clearInbox())).toBe(1);
      expect((await bob.run(inbox())).items).toEqual([]);
    });

    it("does several calls in one request", async () => {
      const token = newRoom(world.community);
      const before = world.community.counters.plain + world.community.counters.onion;
      const outcomes = await ada.batch([
        room(token),
        room("no-such-room"),
        inbox({ since: 1_000_000 }),
        uploadFile(token, new Uint8Array([1, 2, 3])),
      ]);
      expect(world.community.counters.plain + world.community.counters.onion).toBe(before + 1);
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, true, true]);
      expect(outcomes[1]).toMatchObject({ error: { code: "COMMUNITY_NOT_FOUND" } });
      const id = outcomes[3].ok ? outcomes[3].value : 0;
      const [file] = await bob.batch([downloadFile(token, id)]);
      expect(file).toMatchObject({ ok: true, value: { bytes: new Uint8Array([1, 2, 3]) } });
      const steps = await ada.sequence([capabilities(), room("no-such-room"), room(token)]);
      expect(steps.map((step) => (step.ok ? "ok" : step.error.code))).toEqual([
        "ok",
        "COMMUNITY_NOT_FOUND",
        "COMMUNITY_NOT_RUN",
      ]);
      expect(await ada.batch([])).toEqual([]);
    });

    it("polls several rooms and the boxes in one request", async () => {
      const tokens = [newRoom(world.community), newRoom(world.community)] as const;
      await sendRoomMessage(ada, tokens[0], { text: "one" });
      const before = world.community.counters.plain + world.community.counters.onion;
      const first = await poll(bob, {
        rooms: [{ token: tokens[0] }, { token: "no-such-room" }, { token: tokens[1] }],
        inbox: "all",
        outbox: 0,
      });
      expect(world.community.counters.plain + world.community.counters.onion).toBe(before + 1);
      const [one, missing, empty] = first.rooms;
      expect(one?.messages).toMatchObject({ ok: true, value: { cursor: 1 } });
      expect(one?.info).toMatchObject({ ok: true, value: { details: { token: tokens[0] } } });
      expect(missing?.info).toMatchObject({ ok: false, error: { code: "COMMUNITY_NOT_FOUND" } });
      expect(missing?.position).toEqual({ token: "no-such-room" });
      expect(empty?.position).toEqual({ token: tokens[1], infoUpdates: 0, cursor: 0 });
      expect(first.inbox?.ok).toBe(true);
      expect(first.outbox?.ok).toBe(true);

      await sendRoomMessage(ada, tokens[1], { text: "two" });
      await admin.run(updateRoom(tokens[0], { name: "renamed" }));
      const second = await poll(bob, { rooms: first.rooms.map(({ position }) => position) });
      expect(second.rooms[0]?.info).toMatchObject({ value: { details: { name: "renamed" } } });
      expect(second.rooms[0]?.messages).toMatchObject({ value: { updates: [] } });
      expect(second.rooms[2]?.messages).toMatchObject({ value: { updates: [{ message: { text: "two" } }] } });
      expect(second.rooms[0]?.position).toEqual({ token: tokens[0], infoUpdates: 1, cursor: 1 });
    });
  });
}

describe("time on the server", () => {
  it("ends bans, mutes, uploads and direct messages", async () => {
    let now = START;
    await using world = await plainWorld({ now: () => now, postLimit: false });
    const token = newRoom(world.community);
    const [admin, ada] = [world.connect(accountOf(1)), world.connect(accountOf(2))];
    const adaId = await introduce(ada);
    await introduce(admin);
    world.community.setRole(accountOf(1).sessionId, { moderator: true }, [token]);
    const file = await ada.run(uploadFile(token, new Uint8Array(3)));
    await admin.run(banUser(adaId, { rooms: [token] }, { timeoutSeconds: 60 }));
    expect(await codeOf(ada.run(recentMessages(token)))).toBe("COMMUNITY_FORBIDDEN");
    now += 61_000;
    expect((await ada.run(recentMessages(token))).updates).toEqual([]);
    await admin.run(setPermissions(token, adaId, { write: false }));
    await admin.run(schedulePermissions(token, adaId, 60, { write: true }));
    expect(await codeOf(sendRoomMessage(ada, token, { text: "x" }))).toBe("COMMUNITY_FORBIDDEN");
    now += 61_000;
    await sendRoomMessage(ada, token, { text: "x" });
    expect((await ada.run(downloadFile(token, file))).expiresAt).toBe(START + 3_600_000);
    now += 3_600_000;
    expect(await codeOf(ada.run(downloadFile(token, file)))).toBe("COMMUNITY_NOT_FOUND");
    await sendDirectMessage(admin, parseBlindedId(adaId), { text: "soon gone" });
    expect((await ada.run(inbox())).items).toHaveLength(1);
    now += 15 * DAY;
    expect((await ada.run(inbox())).items).toEqual([]);
  });

  it("limits posts, and says how long to wait", async () => {
    let now = START;
    await using world = await plainWorld({ now: () => now });
    const ada = world.connect(accountOf(2));
    for (let index = 0; index < 5; index++) await sendRoomMessage(ada, "lobby", { text: `${index}` });
    const error = await errorOf(sendRoomMessage(ada, "lobby", { text: "too many" }));
    expect(error).toMatchObject({
      code: "COMMUNITY_RATE_LIMITED",
      details: { status: 429, retryAfterMs: 16_000 },
    });
    now += 16_001;
    await sendRoomMessage(ada, "lobby", { text: "after the wait" });
  });

  it("filters words loudly or silently", async () => {
    await using loud = await plainWorld({ wordFilter: { words: ["spam"] } });
    expect(await codeOf(sendRoomMessage(loud.connect(accountOf(2)), "lobby", { text: "Spam!" }))).toBe(
      "COMMUNITY_FILTERED",
    );
    await using silent = await plainWorld({ wordFilter: { words: ["spam"], silent: true } });
    const ada = silent.connect(accountOf(2));
    expect(await sendRoomMessage(ada, "lobby", { text: "spam" })).toMatchObject({ filtered: true });
    expect((await ada.run(recentMessages("lobby"))).updates).toEqual([]);
  });
});

describe("a server without blinding", () => {
  it("knows accounts by their Session ID, and verifies XEd25519", async () => {
    await using world = await plainWorld({ requireBlinding: false });
    const ada = world.connect(accountOf(2));
    await sendRoomMessage(ada, "lobby", { text: "open" });
    expect(await introduce(ada)).toBe(accountOf(2).sessionId);
    const [update] = (await world.connect(accountOf(3)).run(recentMessages("lobby"))).updates;
    expect(update).toMatchObject({
      kind: "message",
      message: { from: accountOf(2).sessionId, text: "open" },
    });
    expect(await codeOf(ada.run(inbox()))).toBe("COMMUNITY_UNAUTHORIZED");
  });

  it("is asked again when it begins to want blinding", async () => {
    await using open = await plainWorld({ requireBlinding: false });
    await using blind = await plainWorld();
    let target = open;
    const network: World["network"] = {
      clock: open.network.clock,
      callServer: async (server, request, options) => {
        const port = Number(new URL(target.community.url).port);
        return await target.network.callServer({ ...server, port }, request, options);
      },
    };
    const { connectCommunity } = await import("session-messenger-sdk/communities");
    const address = { baseUrl: blind.community.url, publicKey: blind.community.publicKey };
    const ada = connectCommunity(network, address, { account: accountOf(2) });
    // The other server has another key, so signatures fail there; capabilities are asked for without one.
    open.community.intercept(({ path }) =>
      path === "/capabilities"
        ? { status: 200, headers: { "content-type": "application/json" }, body: '{"capabilities":["sogs"]}' }
        : undefined,
    );
    expect((await ada.identity()).kind).toBe("00");
    target = blind;
    expect((await ada.run(rooms())).map((one) => one.token)).toEqual(["lobby"]);
    expect((await ada.identity()).kind).toBe("15");
  });
});
