/** What the ConfigMap `nri-control-switches` says: switches, and annotations that a label of a pod asks for. Pure. */
import { z } from 'zod';
import { parseJson } from '../json.ts';

export interface InjectorSettings {
  /** Puts what a container has of hugepages into its files of /etc/podnetinfo. */
  hugepages: boolean;
  /** Adds to what the first container asks for already, in place of leaving it. */
  addToExisting: boolean;
  /** Annotations by the label that asks for them, with the value `true`. */
  annotationsByLabel: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export const defaultSettings: InjectorSettings = {
  hugepages: false,
  addToExisting: false,
  annotationsByLabel: new Map(),
};

/** Key in the ConfigMap. */
const file = 'config.json';
const injections = 'user-defined-injections';

const featuresSchema = z.object({
  enableHugePageDownApi: z.boolean().optional(),
  enableHonorExistingResources: z.boolean().optional(),
});

const injectionSchema = z.object({
  op: z.literal('add'),
  path: z.literal('/metadata/annotations'),
  value: z.record(z.string(), z.string()),
});

const fileSchema = z.object({
  features: z.unknown(),
  [injections]: z.record(z.string(), z.unknown()).optional(),
});

/**
 * Reads the ConfigMap's data. What is wrong in it counts as not said: a part of it takes no other out of service.
 *
 * @param data undefined where there is no ConfigMap
 * @returns the settings, and each fault with the field that has it
 */
export function parseSettings(data: Readonly<Record<string, string>> | undefined): {
  settings: InjectorSettings;
  faults: string[];
} {
  const text = data?.[file];
  if (text === undefined) {
    return { settings: defaultSettings, faults: data === undefined ? [] : [`${file}: is missing`] };
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) return { settings: defaultSettings, faults: [`${file}: ${reason(parsed.error)}`] };
  const faults: string[] = [];
  const features = featuresSchema.safeParse(parsed.data.features ?? {});
  if (!features.success) faults.push(`${file}: features: ${reason(features.error)}`);
  const annotationsByLabel = new Map<string, Readonly<Record<string, string>>>();
  for (const [label, injection] of Object.entries(parsed.data[injections] ?? {})) {
    const { success, data: known, error } = injectionSchema.safeParse(injection);
    if (success) annotationsByLabel.set(label, known.value);
    else faults.push(`${file}: ${injections}: ${label}: ${reason(error)}`);
  }
  const { enableHugePageDownApi = false, enableHonorExistingResources = false } = features.data ?? {};
  return {
    settings: {
      hugepages: enableHugePageDownApi,
      addToExisting: enableHonorExistingResources,
      annotationsByLabel,
    },
    faults,
  };
}

function reason(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ');
}
