/** The switch within a card, as its driver sets it: linux/if_bridge.h. */
import { attribute, nested } from './attributes.ts';
import { ifinfomsgLength, RTM_SETLINK } from './links.ts';
import type { Request } from './messages.ts';

/** bits/socket.h PF_BRIDGE */
const AF_BRIDGE = 7;
/** linux/if_link.h */
const IFLA_AF_SPEC = 26;
/** linux/if_bridge.h enum IFLA_BRIDGE_* */
const IFLA_BRIDGE_FLAGS = 0;
const IFLA_BRIDGE_MODE = 1;
/** The device itself is meant, and not a bridge that it is a port of. */
const BRIDGE_FLAGS_SELF = 2;
/** linux/if_bridge.h BRIDGE_MODE_*, by their numbers */
const modes = ['veb', 'vepa'] as const;

/** `veb`: frames between functions stay within the card. `vepa`: they go out, and the switch at the port sends them back. */
export type BridgeMode = (typeof modes)[number];

/** @param index ifindex: by a name the kernel finds nothing here */
export function setBridgeModeRequest(index: number, mode: BridgeMode): Request {
  const ifinfomsg = Buffer.alloc(ifinfomsgLength);
  ifinfomsg[0] = AF_BRIDGE;
  ifinfomsg.writeInt32LE(index, 4);
  const spec = nested(
    IFLA_AF_SPEC,
    attribute(IFLA_BRIDGE_FLAGS, u16(BRIDGE_FLAGS_SELF)),
    attribute(IFLA_BRIDGE_MODE, u16(modes.indexOf(mode))),
  );
  const body = Buffer.concat([ifinfomsg, spec]);
  return { type: RTM_SETLINK, body, what: `set bridge mode ${mode} of link ${index}` };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
