/** What was detected by this daemon or one before it: enough to tear a DPU down that is detected no more. */
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { z } from 'zod';
import { JsonFiles } from '../state/json-files.ts';

const detectedSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  productName: z.string(),
  side: z.enum(['host', 'dpu']),
  plugin: z.string(),
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

  has(name: string): boolean {
    return this.#records.has(name);
  }

  names(): string[] {
    return [...this.#records.keys()];
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
