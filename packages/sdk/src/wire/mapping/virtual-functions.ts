/** How many virtual functions a card has and can have: wire <-> contract. */
import type { VirtualFunctions } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type {
  VirtualFunctions__Output,
  VirtualFunctions as WireVirtualFunctions,
} from '../../generated/dpu_operator/v1/VirtualFunctions.ts';
import { omitUndefined } from '../../omit-undefined.ts';

const wireResizing = {
  never: 'VF_RESIZING_NEVER',
  whenUnused: 'VF_RESIZING_WHEN_UNUSED',
  live: 'VF_RESIZING_LIVE',
} as const satisfies Record<VirtualFunctions['resizing'], string>;

const all = Object.keys(wireResizing) as VirtualFunctions['resizing'][];

/** @throws DpuError INTERNAL for what a plugin must not answer. */
export function virtualFunctionsToWire({ resizing, physicalFunctions }: VirtualFunctions): WireVirtualFunctions {
  const fault = faultOf({ resizing, physicalFunctions });
  if (fault) throw new DpuError('INTERNAL', `the plugin's answer is wrong: ${fault}`);
  return { resizing: wireResizing[resizing], physicalFunctions: [...physicalFunctions] };
}

/** In the order of the physical functions. A way of resizing that only a newer contract knows is the most careful one. */
export function virtualFunctionsFromWire({ resizing, physicalFunctions }: VirtualFunctions__Output): VirtualFunctions {
  const known = all.find((name) => wireResizing[name] === resizing);
  return {
    resizing: known ?? 'whenUnused',
    physicalFunctions: physicalFunctions
      .map(({ pf, count, maximum, countAfterRestart }) => omitUndefined({ pf, count, maximum, countAfterRestart }))
      .sort((a, b) => a.pf - b.pf),
  };
}

function faultOf({ resizing, physicalFunctions }: VirtualFunctions): string | undefined {
  if (!all.includes(resizing)) return `resizing is ${JSON.stringify(resizing)} and must be one of ${all.join(', ')}`;
  for (const [index, { pf, ...numbers }] of physicalFunctions.entries()) {
    const field = `physicalFunctions[${index}]`;
    if (!isNumber(pf)) return `${field}.pf is ${pf} and must be a whole number from 0`;
    if (physicalFunctions.findIndex((other) => other.pf === pf) < index) return `${field}.pf: there is a ${pf} already`;
    const [wrong] = Object.entries(numbers).filter(([, value]) => value !== undefined && !isNumber(value));
    if (wrong) return `${field}.${wrong[0]} is ${wrong[1]} and must be a whole number from 0`;
  }
  return undefined;
}

const isNumber = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= 0xffff;
