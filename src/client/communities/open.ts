/**
 * The parts of `client.communities`, put together.
 *
 * @module
 */
import { Limiter } from "../limiter.js";
import type { MessageSource } from "../sources.js";
import { Timestamps } from "../timestamps.js";
import { Blinded } from "./blinded.js";
import { Communities } from "./communities.js";
import { sendDirect } from "./direct.js";
import { Directory, type DirectoryWorld } from "./directory.js";
import type { LiveServer } from "./live-server.js";
import { Posts } from "./posts.js";
import { inboxSource, roomSource } from "./source.js";
import type { CommunitiesWorld } from "./world.js";

/** Servers polled at the same time. */
const AT_ONCE = 4;

/** What the client does with its communities. */
export interface CommunityParts {
  readonly communities: Communities;
  readonly sources: readonly MessageSource[];
  /** `source`, which reads nothing before everybody who became known was recognised: it may refer to what they got. */
  recognising(source: MessageSource): MessageSource;
  /** Polls all servers that may be asked; returns how many items are new. Never rejects. */
  poll(): Promise<number>;
  /** Polls the servers that are not being polled, and waits for none. */
  pollInBackground(): void;
  /** Polls those with rooms that were never read. Never rejects. */
  pollNew(): Promise<number>;
  /** Waits for messages on their way, at most `ms`. */
  drain(ms: number): Promise<void>;
  /** Resolves when nothing runs any more; to be called once the client's lifetime has ended. */
  stopped(): Promise<void>;
}

/**
 * Opens the communities of an account.
 *
 * @param onJoined - told of a room that is to be read
 * @param onNews - told of new items that came while nobody waited for them
 * @throws the codes of the store
 */
export async function openCommunities(
  outer: Omit<CommunitiesWorld, "sentTime">,
  { onJoined, onNews }: { readonly onJoined: () => void; readonly onNews: () => void },
): Promise<CommunityParts> {
  const times = new Timestamps(() => outer.network.clock.now(), 0);
  const common: CommunitiesWorld = { ...outer, sentTime: () => times.next() };
  const [posts, blinded] = [await Posts.open(common), await Blinded.open(common)];
  const world: DirectoryWorld = {
    ...common,
    posts,
    blinded,
    onJoined,
    sessionIdOf: (id) => blinded.sessionIdOf(id),
    sendDirect: (server, to, content, settings) => sendDirect(world, server, to, content, settings),
    leave: (room) => directory.leave(room),
  };
  const directory: Directory = await Directory.open(world);
  const sourcesWorld = { ...world, roomOf: (key: string) => directory.byKey(key) };
  const limiter = new Limiter(AT_ONCE);
  const pollThose = async (wanted: (server: LiveServer) => boolean): Promise<number> => {
    await directory.takeUpPosts();
    const servers = [...directory.servers.values()].filter(wanted);
    const polls = servers.map((server) => limiter.run(() => server.poll(), outer.lifetime).catch(() => 0));
    return (await Promise.all(polls)).reduce((sum, count) => sum + count, 0);
  };
  return {
    communities: new Communities(directory),
    sources: [roomSource(sourcesWorld), inboxSource(sourcesWorld)],
    recognising: (source) => ({
      ...source,
      async read(item, isInFlight) {
        await blinded.settled();
        return await source.read(item, isInFlight);
      },
    }),
    poll: () => pollThose(() => true),
    pollInBackground() {
      void pollThose(({ isBusy }) => !isBusy).then((count) => {
        if (count > 0) onNews();
      });
    },
    pollNew: () => pollThose(({ hasNewRooms }) => hasNewRooms),
    drain: (ms) => posts.drain(ms),
    async stopped() {
      await Promise.all([posts.stopped(), directory.stopped(), blinded.settled()]);
    },
  };
}
