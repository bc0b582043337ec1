/**
 * The hash of a DPU's pod, as its annotation says it, without making the pod: of all DPUs with the same run the pods differ by a
 * few texts. What is between these is made once, and a fleet of thousands is looked at with each start of the operator.
 */
import { randomBytes } from 'node:crypto';
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations } from '../../../api/names/names.ts';
import { vspDirectory } from '../../../api/names/paths.ts';
import { canonicalJson, hashOfText } from '../../shared/canonical-json.ts';
import type { Environment } from '../../shared/environment.ts';
import { vspPodSpec } from './vsp-pod.ts';

/** The canonical JSON of a pod with a place for each text of the DPU. */
interface Template {
  /** What stands before each of the places, and behind the last one. */
  between: readonly string[];
  places: readonly Place[];
}

type Place = 'name' | 'nodeName' | 'identifier' | 'pciAddress';
type Texts = Record<Place, string | undefined>;

/** By environment, then by what else a template is made from. */
const templates = new WeakMap<Environment, Map<string, Template>>();
const mostTemplates = 1_000;

/** Letters and digits that nobody else writes: JSON escapes none of them, at whatever depth. */
const mark = randomBytes(12).toString('hex');
const placed = new RegExp(`${mark}(\\w+)\\.`);
const markOf = (place: Place): string => `${mark}${place}.`;

/** What the annotation of a run's pod says. */
export function vspPodHash(dpu: DataProcessingUnit, run: PluginRun, environment: Environment): string {
  const texts = textsOf(dpu);
  // The directory of a long name is another text.
  if (!vspDirectory(dpu.metadata.name).endsWith(`/${dpu.metadata.name}`)) {
    return hashOfText(canonicalJson(vspPodSpec(dpu, run, environment)));
  }
  const { between, places } = templateFor(dpu, texts, run, environment);
  let text = between[0] ?? '';
  places.forEach((place, index) => {
    text += JSON.stringify(texts[place]).slice(1, -1) + between[index + 1];
  });
  return hashOfText(text);
}

function textsOf({ metadata, spec }: DataProcessingUnit): Texts {
  return {
    name: metadata.name,
    nodeName: spec.nodeName,
    identifier: metadata.annotations?.[annotations.identifier],
    pciAddress: metadata.annotations?.[annotations.pciAddress],
  };
}

function templateFor(dpu: DataProcessingUnit, texts: Texts, run: PluginRun, environment: Environment): Template {
  const known = templates.get(environment) ?? new Map<string, Template>();
  templates.set(environment, known);
  const { isDpuSide, dpuProductName } = dpu.spec;
  const has = (place: Place) => texts[place] !== undefined;
  const key = JSON.stringify([isDpuSide, dpuProductName, has('identifier'), has('pciAddress'), run]);
  const before = known.get(key);
  if (before) return before;
  const template = makeTemplate(dpu, texts, run, environment);
  if (known.size >= mostTemplates) known.clear();
  known.set(key, template);
  return template;
}

function makeTemplate(dpu: DataProcessingUnit, texts: Texts, run: PluginRun, environment: Environment): Template {
  const marked = (place: 'identifier' | 'pciAddress') =>
    texts[place] === undefined ? {} : { [annotations[place]]: markOf(place) };
  const standIn: DataProcessingUnit = {
    ...dpu,
    metadata: { name: markOf('name'), annotations: { ...marked('identifier'), ...marked('pciAddress') } },
    spec: { ...dpu.spec, nodeName: markOf('nodeName') },
  };
  const parts = canonicalJson(vspPodSpec(standIn, run, environment)).split(placed);
  return {
    between: parts.filter((_, index) => index % 2 === 0),
    places: parts.filter((_, index) => index % 2 === 1) as Place[],
  };
}
