/** Hardware that stands in for a card, in the namespaces of a side. */
import { DpuError } from '@dpu-operator/sdk';
import { type DetectedDpu, type DetectionInput, type DpuSide, detectDpus, needsVpd } from '@dpu-operator/sdk/manifest';
import { type FakeMachine, fakeSysfs } from '@dpu-operator/sdk/testing';

/** A node as Linux tells of it. */
export interface StandInMachine extends FakeMachine {
  labels?: Record<string, string>;
}

/** In the side's own /run: it ends with the side. */
const root = '/run/dpu-sysfs';

/**
 * Plugs it in, and finds the DPU there as the daemon does.
 *
 * @returns the tree that stands in for /sys, and the DPU
 * @throws DpuError INVALID_ARGUMENT where the rules of the manifest do not find the side there
 */
export async function standIn(
  { labels = {}, ...machine }: StandInMachine,
  plugin: DetectionInput['plugins'][number],
  side: DpuSide,
  nodeName: string,
): Promise<{ sysfs: string; dpu: DetectedDpu }> {
  const tree = await fakeSysfs(machine, root);
  const plugins = [plugin];
  const snapshot = await tree.snapshot({ vpd: needsVpd(plugins) });
  const [dpu] = detectDpus({ plugins, snapshot, node: { name: nodeName, labels }, mode: side });
  if (dpu) return { sysfs: root, dpu };
  throw new DpuError('INVALID_ARGUMENT', `--machine: ${side}: the rules of the manifest find no ${side} side there`);
}
