/** Hardware by side that stands in for a card, as `--machine` of `dpu-vsp` takes it. */
import { z } from 'zod';

const hex4 = z.string().regex(/^[0-9a-f]{4}$/, 'has four hex digits');

/** What is left out of it is left out of the machine; what else there may be is the tree's to refuse. */
const machine = z.looseObject({
  pci: z.array(z.looseObject({ address: z.string(), vendor: hex4, device: hex4 })).optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

export const standInMachines = z.strictObject({ host: machine.optional(), dpu: machine.optional() });
export type StandInMachines = z.infer<typeof standInMachines>;
