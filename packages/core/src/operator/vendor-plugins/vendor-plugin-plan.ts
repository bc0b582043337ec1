/** When a VendorPlugin's versions are looked up. */
import type { DataProcessingUnitConfig } from '../../api/kinds/data-processing-unit-config.ts';
import type { VendorPlugin, VendorPluginRelease } from '../../api/kinds/vendor-plugin.ts';
import { annotations } from '../../api/names/names.ts';
import { isPassing } from '../../plugins/lookup/lookup-error.ts';
import { isExact } from '../../plugins/lookup/pick-version.ts';
import { backoffDelay } from '../../retry-backoff.ts';
import type { PluginsSpec } from './plugin-registry.ts';

/** What of a VendorPlugin a lookup answers. Another question needs another lookup. */
export interface Question {
  generation: number;
  /** Value of the annotation that asks for another look. */
  refresh: string | undefined;
}

/** The last lookup of a version by this process. */
export interface Attempt extends Question {
  /** Of performance.now(). */
  at: number;
  /** Why it failed, how often in a row, and with which settings of the DpuOperatorConfig. */
  failure?: { reason: string; count: number; plugins?: PluginsSpec };
}

export function questionOf({ metadata }: VendorPlugin): Question {
  return { generation: metadata.generation ?? 0, refresh: metadata.annotations?.[annotations.refresh] };
}

/** The versions that somebody asks for, the plugin's own first. */
export function wantedVersions(plugin: VendorPlugin, configs: readonly DataProcessingUnitConfig[]): string[] {
  const asked = configs
    .map(({ spec }) => spec.plugin)
    .filter((choice) => choice?.name === plugin.metadata.name)
    .flatMap((choice) => choice?.version ?? []);
  return [...new Set([plugin.spec.version, ...asked.sort()])];
}

export interface Plan {
  /** To be looked up now. */
  due: string[];
  /** Milliseconds until something else will be. */
  wakeMs: number | undefined;
}

const retries = { initialMs: 10_000, maxMs: 300_000 };

/**
 * @param attempts By version.
 * @param isUsable Whether a release of the status can still be run: its lock is there, its manifest of our contract.
 * @param now Of performance.now().
 */
export function planLookups(
  plugin: VendorPlugin,
  wanted: readonly string[],
  attempts: ReadonlyMap<string, Attempt>,
  isUsable: (release: VendorPluginRelease) => boolean,
  now: number,
): Plan {
  const times = wanted.map((requested) => {
    const attempt = attempts.get(requested);
    const release = plugin.status?.releases?.find((each) => each.requested === requested);
    return { requested, at: nextLookup(plugin, requested, attempt, release !== undefined && isUsable(release)) };
  });
  const due = times.filter(({ at }) => at <= now).map(({ requested }) => requested);
  const next = Math.min(...times.map(({ at }) => at).filter((at) => at > now));
  return { due, wakeMs: Number.isFinite(next) ? next - now : undefined };
}

/** When: 0 for at once, Infinity for never. */
function nextLookup(plugin: VendorPlugin, requested: string, attempt: Attempt | undefined, usable: boolean): number {
  const { generation, refresh } = questionOf(plugin);
  if (!attempt || attempt.generation !== generation || attempt.refresh !== refresh) return 0;
  const again = nextRefresh(plugin, requested, attempt);
  const { failure } = attempt;
  if (!failure) return usable ? again : 0;
  const retry = attempt.at + backoffDelay(failure.count, { ...retries, random: () => 1 });
  return isPassing(failure.reason) ? Math.min(retry, again) : again;
}

/** By `refreshMinutes`. Of performance.now(), Infinity for never. */
function nextRefresh(plugin: VendorPlugin, requested: string, { at }: Attempt): number {
  const { refreshMinutes } = plugin.spec;
  return refreshMinutes && mayChange(plugin, requested) ? at + refreshMinutes * 60_000 : Number.POSITIVE_INFINITY;
}

/** Whether it is time to ask again what a range or tag stands for. */
export function isRefreshDue(plugin: VendorPlugin, requested: string, attempt: Attempt, now: number): boolean {
  return nextRefresh(plugin, requested, attempt) <= now;
}

/** Whether the same words may stand for something else later. */
function mayChange({ spec }: VendorPlugin, requested: string): boolean {
  if (spec.package !== undefined) return !isExact(requested);
  return spec.manifest === undefined && !spec.image?.includes('@');
}

/** What the status says that an earlier operator has found, as if it had been looked up now. */
export function restoredAttempts({ status }: VendorPlugin, now: number): Map<string, Attempt> {
  const { lookup, releases = [], failures = [] } = status ?? {};
  if (!lookup) return new Map();
  const found = releases.filter(({ requested }) => !failures.some((failure) => failure.requested === requested));
  const attempt = { generation: lookup.generation, refresh: lookup.refresh, at: now };
  return new Map(found.map(({ requested }) => [requested, attempt]));
}
