/** What is wrong with a VSP on the wire, and what must find it. */
import { expect } from 'vitest';
import { DpuError, type ErrorCode } from '../../errors.ts';
import type { Faults, Tamper } from './breaking-proxy.ts';
import { examine, failedIds, groupsOf } from './examine.ts';
import { memoryVsp } from './memory-vsp.ts';

/**
 * What is broken, made anew for each test where it remembers something. Then the one check that is run and must find it; or
 * all that must, while the whole of their groups is run, and no others.
 */
export type WireFault = [name: string, faults: Faults | (() => Faults), expected: string | readonly string[]];

/** Room for the ports of every check but the one for many of them, which takes long with more. */
const fewPorts = 16;

export async function findsFault(faults: WireFault[1], expected: WireFault[2], ports = fewPorts): Promise<void> {
  const isAlone = typeof expected === 'string';
  const limits = { timeoutMs: 180_000, ports };
  const only = isAlone ? [expected] : groupsOf(expected);
  const report = await examine(memoryVsp(), { only, limits }, typeof faults === 'function' ? faults() : faults);
  expect(failedIds(report)).toEqual(isAlone ? [expected] : expected);
  if (!isAlone) expect(report.modes[0]?.left).toEqual([]);
}

/** Fails whatever is asked. */
export function refusing(code: ErrorCode, message: string): () => Promise<never> {
  return async () => {
    throw new DpuError(code, message);
  };
}

/** With another error than the rules say. */
export function failsAs(code: ErrorCode, message: string): Tamper {
  return (_, forward) =>
    forward().catch(() => {
      throw new DpuError(code, message);
    });
}
