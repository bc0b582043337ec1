/** OpenFlow rules in the syntax of ovs-ofctl(8), and those of one owner as one bundle. Pure. */
import { DpuError } from '../../errors.ts';

/** A flow of OpenFlow, in the words of `ovs-ofctl`. */
export interface Flow {
  table: number;
  /** 1 to 65535; of several that match, the highest acts. */
  priority: number;
  /** Fields to match, as `in_port=3,dl_vlan=5`; empty for every frame. */
  match: string;
  actions: string;
}

/** A flow that the switch has. */
export interface InstalledFlow extends Flow {
  /** Frames that it has acted on. */
  packets: number;
}

/**
 * What replaces all flows of a cookie: in a bundle the switch does all of it at once, or nothing. Flows with other
 * cookies stay as they are.
 *
 * @param cookie 16 hex digits
 * @throws DpuError INVALID_ARGUMENT for two flows with one match, of which the switch would keep the last
 */
export function replacement(cookie: string, flows: readonly Flow[]): string[] {
  const seen = new Set<string>();
  const additions = flows.map((flow) => {
    const key = keyOf(flow);
    if (seen.has(key)) throw new DpuError('INVALID_ARGUMENT', `two flows match ${key}`);
    seen.add(key);
    return `add cookie=0x${cookie},${key},actions=${flow.actions}`;
  });
  return [`delete cookie=0x${cookie}/-1`, ...additions];
}

function keyOf({ table, priority, match }: Flow): string {
  return [`table=${table}`, `priority=${priority}`, ...(match === '' ? [] : [match])].join(',');
}

/** What `ovs-ofctl dump-flows` prints. */
export function parseFlows(text: string): InstalledFlow[] {
  return text.split('\n').flatMap((line) => {
    const [, head = '', actions] = /^\s*(cookie=.*) actions=(.*)$/.exec(line) ?? [];
    if (actions === undefined) return [];
    const number = (name: string) => Number(new RegExp(`\\b${name}=(\\d+)`).exec(head)?.[1] ?? 0);
    const [, priority = '32768', match = ''] = /(?:^|[ ,])priority=(\d+),?(\S*)$/.exec(head) ?? [];
    return [{ table: number('table'), priority: Number(priority), match, actions, packets: number('n_packets') }];
  });
}
