/**
 * `client.settings`: what the account's devices share about the account itself, besides its name and picture
 * (docs/protocol/config.md §14).
 *
 * @module
 */
import type { ConfigErrorCode, ProState } from "../config/index.js";
import { SessionError } from "../errors/index.js";
import { editConfigs } from "./sync-configs.js";
import { invalidArgument } from "./targets.js";
import type { World } from "./world.js";

/** Settings of an account. */
export interface SharedSettings {
  /** Whether people of communities may write to the account; undefined: the user has not chosen, and they may. */
  readonly communityRequests: boolean | undefined;
  /** State of Session Pro. Times are unix seconds, 0 for none. */
  readonly pro: ProState;
  /** Profile features in use, by bit: 0 Pro badge, 1 animated picture. */
  readonly features: readonly number[];
}

/** What is to be changed; of `pro`, the members that are given. */
export interface SettingsChanges {
  readonly communityRequests?: boolean | undefined;
  readonly pro?: Partial<ProState> | undefined;
  readonly features?: readonly number[] | undefined;
}

/**
 * See the module's description. How Note to Self is shown is in `client.conversations` under the own id, when its messages
 * disappear is set by `client.setDisappearing` with the own id.
 */
export class AccountSettings {
  readonly #world: World;

  /** @internal */
  constructor(world: World) {
    this.#world = world;
    world.configs.listeners.add(({ profile }) => {
      if (profile.some((field) => SHARED.has(field))) world.events.emit("settings", this.get());
    });
  }

  /** The settings as they are now. */
  get(): SharedSettings {
    const { communityRequests, pro, features } = this.#world.configs.profile;
    return { communityRequests, pro, features };
  }

  /**
   * Changes what is given, on all devices of the account.
   *
   * @throws `INVALID_ARGUMENT`, `CONFIG_VALUE_INVALID`, `STORE_FAILED`
   */
  async set(changes: SettingsChanges): Promise<SharedSettings> {
    if (typeof changes !== "object" || changes === null) throw invalidArgument("the settings are no object");
    const { communityRequests, pro, features } = changes;
    if (communityRequests !== undefined && typeof communityRequests !== "boolean") {
      throw invalidArgument("communityRequests is true or false");
    }
    if (features !== undefined && !Array.isArray(features))
      throw invalidArgument("features are a list of bits");
    // Before anything else is changed.
    if (features?.some((bit) => !Number.isInteger(bit) || bit < 0 || bit > 63))
      throw new SessionError<ConfigErrorCode>("CONFIG_VALUE_INVALID", "features are bits from 0 to 63");
    await editConfigs(this.#world, ({ profile }) => {
      if (pro !== undefined) profile.setPro(pro);
      if (features !== undefined) profile.features = features;
      if (communityRequests !== undefined) profile.communityRequests = communityRequests;
    });
    return this.get();
  }
}

const SHARED: ReadonlySet<string> = /* @__PURE__ */ new Set(["communityRequests", "pro", "features"]);
