/** What was detected by this daemon or one before it: enough to serve a DPU that is missing, and to tear one down. */
import { z } from 'zod';
import type { ServedDpu } from '../detect/served-dpu.ts';
import { Records, type RecordsOptions } from '../state/records.ts';

const placeSchema = z.object({ address: z.string(), bridges: z.array(z.string()) });

const detectedSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  productName: z.string(),
  side: z.enum(['host', 'dpu']),
  plugin: z.string(),
  /** Missing in records of earlier versions: then nobody can tell that the card was pulled out. */
  functions: z.array(placeSchema).exactOptional(),
  byFallback: z.literal(true).exactOptional(),
  /** Missing in records of earlier versions. */
  nodeUid: z.string().exactOptional(),
});

/** By name. */
export function openDpuRecords(
  options: Pick<RecordsOptions<ServedDpu>, 'directory' | 'logger' | 'onUnreadable'>,
): Records<ServedDpu> {
  const { directory, logger, onUnreadable } = options;
  return new Records({ directory, schema: detectedSchema, what: 'DPU', logger, onUnreadable });
}
