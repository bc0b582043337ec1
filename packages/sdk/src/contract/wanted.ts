/** Questions to a wanted state. */

import { bareId } from '../wire/mapping/names.ts';
import type { BridgePort, LogicalBridge, NetworkFunction, Wanted } from './data-path.ts';

/** Key of a network function in a wanted state: `networkFunctions/{input}-{output}`. */
export function networkFunctionName({ input, output }: NetworkFunction): string {
  return `networkFunctions/${input}-${output}`;
}

/** The logical bridges that a port is on, in its order. None for a port on the default bridge. */
export function logicalBridgesOf(
  { logicalBridges }: Pick<Wanted, 'logicalBridges'>,
  port: BridgePort,
): LogicalBridge[] {
  return port.logicalBridges.flatMap((name) => {
    const bridge = logicalBridges.get(`logicalBridges/${bareId('logicalBridges', name)}`);
    return bridge ? [bridge] : [];
  });
}
