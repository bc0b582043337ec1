/** Hardware that is not there: a plugin for a card is checked on a machine without one. */
import { hostname } from 'node:os';
import { DpuError } from '../../errors.ts';
import { type DetectedDpu, detectDpus, needsVpd } from '../../manifest/detection/detect.ts';
import type { FakeMachine } from '../../testing/machine.ts';
import { type FakeSysfs, fakeSysfs } from '../../testing/sysfs.ts';
import type { Mode } from '../groups.ts';
import type { PluginSource } from './plugin-source.ts';

/** A node as Linux tells of it. */
export interface StandInMachine extends FakeMachine {
  /** Labels of the node, for rules that ask for them. */
  labels?: Record<string, string>;
}

export interface StandIn {
  sysfs: FakeSysfs;
  /** As the daemon finds it there. */
  dpu: DetectedDpu;
}

/** @throws DpuError INVALID_ARGUMENT where the rules of the manifest do not find the side there. */
export async function standIn(
  { labels = {}, ...machine }: StandInMachine,
  { label, manifest }: PluginSource,
  mode: Mode,
): Promise<StandIn> {
  const sysfs = await fakeSysfs(machine);
  const plugins = [{ packageName: label, manifest }];
  const snapshot = await sysfs.snapshot({ vpd: needsVpd(plugins) });
  const found = detectDpus({ plugins, snapshot, node: { name: hostname(), labels }, mode });
  const [dpu] = found;
  if (dpu) return { sysfs, dpu };
  await sysfs[Symbol.asyncDispose]();
  throw new DpuError('INVALID_ARGUMENT', `machine.${mode}: the rules of the manifest find no ${mode} side there`);
}
