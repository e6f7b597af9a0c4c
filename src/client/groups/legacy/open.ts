/**
 * How the parts of `client.groups.legacy` are put together.
 *
 * @module
 */
import type { IncomingLegacyGroup } from "../../../messages/index.js";
import type { InboxItem, StoreBatch } from "../../../store/index.js";
import type { MessageSource } from "../../sources.js";
import type { SentNote } from "../../transmit.js";
import { finishLegacyWork } from "./actions.js";
import { LegacyGroups } from "./legacy-groups.js";
import { LegacyPolling, type LegacyPollingWorld } from "./polling.js";
import { noteLegacySent } from "./sending.js";
import { type LegacySourceWorld, legacyGroupSource, takeLegacyControl } from "./source.js";

/** What legacy groups are made of. */
export type LegacyBase = Omit<LegacyPollingWorld, "afterPoll"> & LegacySourceWorld;

/** The parts. */
export interface LegacyParts {
  readonly groups: LegacyGroups;
  readonly source: MessageSource;
  readonly polling: LegacyPolling;
  /** Takes a control message that came one-to-one. */
  takeControl(message: IncomingLegacyGroup, item: InboxItem): Promise<void>;
  /** Is told of every message that was sent. */
  noteSent(batch: StoreBatch, sent: SentNote): void;
}

/** Opens the legacy groups. */
export function openLegacyGroups(base: LegacyBase): LegacyParts {
  const { legacy, configs, isOn } = base;
  configs.listeners.add(async ({ groups: { legacyGroups } }) => {
    const { added, updated, removed } = legacyGroups;
    if (added.length + updated.length + removed.length > 0) await legacy.follow();
  });
  return {
    groups: new LegacyGroups(base),
    source: legacyGroupSource(base),
    polling: new LegacyPolling({ ...base, afterPoll: (id) => finishLegacyWork(base, id) }),
    async takeControl(message, item) {
      if (isOn) await takeLegacyControl(base, message, item);
    },
    noteSent: (batch, sent) => noteLegacySent(base, batch, sent),
  };
}
