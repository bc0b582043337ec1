/** What this process has looked up, and how that went. */
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { isPassing } from '../../plugins/lookup/lookup-error.ts';
import type { PluginsSpec } from './plugin-registry.ts';
import { type Attempt, isRefreshDue, questionOf, restoredAttempts } from './vendor-plugin-plan.ts';
import type { Outcome } from './vendor-plugin-status.ts';

/** The last lookup of each version of each VendorPlugin. */
export class LookupAttempts {
  /** By VendorPlugin and version. */
  readonly #attempts = new Map<string, Map<string, Attempt>>();

  /** By version. The first time: those that an earlier operator has left in the status. */
  of(plugin: VendorPlugin): ReadonlyMap<string, Attempt> {
    const { name } = plugin.metadata;
    const known = this.#attempts.get(name) ?? restoredAttempts(plugin, performance.now());
    this.#attempts.set(name, known);
    return known;
  }

  forget(pluginName: string): void {
    this.#attempts.delete(pluginName);
  }

  /** Whether what a range or tag stands for is looked up anew. A lock that was lost, or another field, asks for nothing new. */
  isAskedAnew(plugin: VendorPlugin, requested: string, isLockLost = false): boolean {
    const { status } = plugin;
    if (status?.lookup?.refresh !== questionOf(plugin).refresh) return true;
    const failure = status?.failures?.find((each) => each.requested === requested);
    if (failure && !(isLockLost && isPassing(failure.reason))) return true;
    const attempt = this.of(plugin).get(requested);
    return attempt !== undefined && isRefreshDue(plugin, requested, attempt, performance.now());
  }

  /**
   * @param wanted the versions that are asked for; others are forgotten
   * @param plugins of the DpuOperatorConfig, when the lookups began
   */
  remember(plugin: VendorPlugin, wanted: readonly string[], outcomes: readonly Outcome[], plugins: PluginsSpec): void {
    const before = this.of(plugin);
    const after = new Map([...before].filter(([requested]) => wanted.includes(requested)));
    for (const outcome of outcomes) {
      const attempt: Attempt = { ...questionOf(plugin), at: performance.now() };
      if ('release' in outcome) after.set(outcome.release.requested, attempt);
      else {
        const { requested, reason } = outcome.failure;
        const last = before.get(requested);
        const isRepeated = last?.generation === attempt.generation && last.refresh === attempt.refresh;
        const count = isRepeated ? (last.failure?.count ?? 0) + 1 : 1;
        after.set(requested, { ...attempt, failure: { reason, count, plugins } });
      }
    }
    this.#attempts.set(plugin.metadata.name, after);
  }
}
