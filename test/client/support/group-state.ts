import { GroupState } from "session-messenger-sdk/groups";
import type { GroupId } from "session-messenger-sdk/identity";
import type { Device } from "./device.js";

/** A group's state as a device has it on disk: whoever has its keys can write what the device would not. */
export async function stateOf({ id }: { readonly id: string }, device: Device): Promise<GroupState> {
  const record = (await device.disk()).find(([key]) => key.endsWith(`group/${id}`));
  const { dump } = JSON.parse(record?.[1] ?? "{}", (_key, value) =>
    typeof value === "object" && value !== null && "$bytes" in value
      ? new Uint8Array(Buffer.from(String(value.$bytes), "base64"))
      : value,
  ) as { dump: Uint8Array };
  return new GroupState({ groupId: id as GroupId, account: device.account, dump });
}
