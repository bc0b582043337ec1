/** What a plugin asks of its pod, in words; and whether one version asks for more than another. Pure. */
import {
  amountOf,
  type Companion,
  type ContainerNeeds,
  type DpuSide,
  type FilesNeed,
  type PluginManifest,
  podOf,
  type RbacRule,
  type SidePod,
} from '@dpu-operator/sdk/manifest';

/** One thing that is asked for. */
interface Ask {
  /** What it is; the same in every version. */
  of: string;
  /** How much of it. */
  level: number;
  /** For people. */
  text: string;
  /** `of` of another ask that includes this one. */
  within?: string;
}

const sides: readonly DpuSide[] = ['host', 'dpu'];

/** Those that the products have. */
const sidesOf = ({ products }: PluginManifest): DpuSide[] =>
  sides.filter((side) => products.some((product) => product[side]));

/** A line for each thing that a plugin asks of its pods, by the sides of its products. */
export function asksOf(manifest: PluginManifest): Partial<Record<DpuSide, string[]>> {
  return Object.fromEntries(
    sidesOf(manifest).map((side) => [side, podAsks(podOf(manifest, side)).map(({ text }) => text)]),
  );
}

/**
 * What a version asks for that none of the others does. Environment and grace period are no matter: they give a program
 * no right that it has not.
 *
 * @returns A line for each thing; empty where one of the others asks for all of it.
 */
export function growthOver(others: readonly Pick<PluginManifest, 'pod'>[], manifest: PluginManifest): string[] {
  const growths = others.map((other) => growth(other, manifest));
  // Of several the nearest one tells most.
  return growths.sort((a, b) => a.length - b.length)[0] ?? allOf(manifest);
}

function allOf(manifest: PluginManifest): string[] {
  return bySide(manifest, (side) => podAsks(podOf(manifest, side)));
}

function growth(before: Pick<PluginManifest, 'pod'>, after: PluginManifest): string[] {
  return bySide(after, (side) => {
    const had = podAsks(podOf(before, side));
    return podAsks(podOf(after, side)).filter((ask) => !had.some((one) => covers(one, ask)));
  });
}

/** What both sides have is said once. */
function bySide(manifest: PluginManifest, asks: (side: DpuSide) => Ask[]): string[] {
  const served = sidesOf(manifest);
  const texts = served.map((side) => asks(side).map(({ text }) => text));
  return [...new Set(texts.flat())].map((text) => {
    const where = served.filter((_, index) => texts[index]?.includes(text));
    if (where.length === served.length) return text;
    return `${text} on the ${where[0] === 'dpu' ? 'DPU' : 'host'} side`;
  });
}

function covers(had: Ask, ask: Ask): boolean {
  return (had.of === ask.of && had.level >= ask.level) || had.of === ask.within;
}

function podAsks(pod: SidePod): Ask[] {
  return [
    ...containerAsks(pod, ''),
    ...(pod.hostNetwork ? [flag("the node's network")] : []),
    ...(pod.hostPID ? [flag("the node's processes")] : []),
    ...fileAsks('Secret', pod.secret),
    ...fileAsks('ConfigMap', pod.configMap),
    ...pod.companions.flatMap(companionAsks),
    ...pod.rbac.flatMap(ruleAsks),
  ];
}

/** @param whose Where it is not the plugin's own container: whose, in words. */
function containerAsks(needs: ContainerNeeds, whose: string): Ask[] {
  const { privileged, capabilities = [], seccomp, hostPaths = [], devices = [], resources } = needs;
  const { requests = {}, hugePages = {} } = resources ?? {};
  const privilege = `${whose}privileged`;
  // A privileged container has all capabilities, system calls and devices.
  const kernel = [
    ...capabilities.map((name) => flag(`capability ${name}`)),
    ...(seccomp === 'Unconfined' ? [flag('unfiltered system calls')] : []),
    ...devices.map(({ path }) => flag(`device ${path}`)),
  ];
  const node = [
    ...hostPaths.flatMap(({ path, readOnly, propagation }) => [
      { of: `path ${path}`, level: readOnly ? 0 : 1, text: `path ${path}${readOnly ? ' (read-only)' : ''}` },
      ...(propagation === 'Bidirectional' ? [flag(`mounts below ${path} that the node sees`)] : []),
    ]),
    ...Object.entries(requests).map(([name, amount]) => share(name === 'cpu' ? 'CPU' : name, amount)),
    ...Object.entries(hugePages).map(([size, amount]) => share(`huge pages of ${size}`, amount)),
  ];
  const own = (ask: Ask): Ask => ({ ...ask, of: `${whose}${ask.of}`, text: `${whose}${ask.text}` });
  return [
    ...(privileged ? [own(flag('privileged'))] : []),
    ...kernel.map((ask) => ({ ...own(ask), within: privilege })),
    ...node.map(own),
  ];
}

function companionAsks(companion: Companion): Ask[] {
  const { name, image } = companion;
  const whose = `companion ${name}: `;
  const needs = containerAsks(companion, whose);
  // Who names an image in the VendorPlugin has chosen it.
  if (image === undefined) return needs;
  // Another tag is what every version has.
  const repository = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  return [{ of: `${whose}image ${repository}`, level: 0, text: `${whose}image ${image}` }, ...needs];
}

function ruleAsks({ apiGroups, resources, verbs, resourceNames = [''] }: RbacRule): Ask[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs.flatMap((verb) =>
        resourceNames.map((name) => {
          const kind = group === '' ? resource : `${resource}.${group}`;
          const all = `API: ${verb} ${kind}`;
          return name === '' ? flag(all) : { ...flag(`${all} ${name}`), within: all };
        }),
      ),
    ),
  );
}

function fileAsks(kind: 'Secret' | 'ConfigMap', need: FilesNeed | undefined): Ask[] {
  return (need?.keys ?? []).map((key) => flag(`key ${key} of a ${kind}`));
}

function share(what: string, amount: string | undefined): Ask {
  return { of: what, level: amountOf(amount ?? '') ?? 0, text: `${amount} of ${what}` };
}

function flag(text: string): Ask {
  return { of: text, level: 0, text };
}
