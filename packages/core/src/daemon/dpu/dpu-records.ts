/** What was detected by this daemon or one before it: enough to serve a DPU that is missing, and to tear one down. */
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { z } from 'zod';
import { JsonFiles } from '../state/json-files.ts';

const placeSchema = z.object({ address: z.string(), bridges: z.array(z.string()) });

const detectedSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  productName: z.string(),
  side: z.enum(['host', 'dpu']),
  plugin: z.string(),
  /** Missing in records of earlier versions: then nobody can tell that the card was pulled out. */
  functions: z.array(placeSchema).exactOptional(),
});

export class DpuRecords {
  readonly #files: JsonFiles<DetectedDpu>;
  readonly #records: Map<string, DetectedDpu>;

  constructor(directory: string) {
    this.#files = new JsonFiles(directory, detectedSchema);
    this.#records = new Map(this.#files.entries());
  }

  get(name: string): DetectedDpu | undefined {
    return this.#records.get(name);
  }

  list(): DetectedDpu[] {
    return [...this.#records.values()];
  }

  /** Writes what is new. */
  async put(dpu: DetectedDpu): Promise<void> {
    const record = detectedSchema.parse(dpu);
    if (JSON.stringify(record) === JSON.stringify(this.#records.get(record.name))) return;
    await this.#files.put(record.name, record);
    this.#records.set(record.name, record);
  }

  async delete(name: string): Promise<void> {
    await this.#files.delete(name);
    this.#records.delete(name);
  }
}
