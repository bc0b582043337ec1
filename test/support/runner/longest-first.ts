/**
 * The order of test files: those that take long begin first, so that none of them is left for the end, where the other
 * workers have nothing to do.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Ends of paths without `.test.ts`; the longest first. */
const longest = [
  'vendor-plugin',
  'uninstall',
  'outages',
  'vsp-intel-ipu/conformance',
  'scaffold',
  'vsp-mock/conformance',
  'plugin-store',
  'vsp-acme/conformance',
  'sdk/dev',
  'vsp-marvell/conformance',
  'vsp-intel-netsec/conformance',
  'vsp-intel-ipu/imc',
  'process-faults',
  'conformance/conformance',
  'bridge-faults',
  'dpu-crash',
  'main',
  'trust',
  'main-job',
];

export class LongestFirst extends BaseSequencer {
  /** The others come in vitest's own order. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const rank = longest.findIndex((path) => moduleId.endsWith(`/${path}.test.ts`));
  return rank === -1 ? longest.length : rank;
}
