/** Whether the plugin that was put in place works. */
import type { PluginRun, Rollout } from '../../../api/fields/plugin-run.ts';
import type { ObservedState } from './observed-state.ts';

/** Milliseconds that a VSP has until it must work, from its start and while its daemon is heard. */
const verifyMs = 120_000;

export type Verdict = { works: true } | { works: false; over: boolean; reason: string; message: string };

export function verify(observed: ObservedState, rollout: Rollout): Verdict {
  const { vspPod } = observed;
  const permanentFailure =
    vspPod && vspPod.state !== 'running' && vspPod.state !== 'terminating' ? vspPod.permanentFailure : undefined;
  if (permanentFailure) return { works: false, over: true, ...permanentFailure };
  const fault = faultOf(observed, rollout);
  if (!fault) return { works: true };
  const hindered = hindranceOf(observed);
  const over = hindered === undefined && verifyLeftMs(observed) <= 0;
  const reason = over ? 'NotWorking' : 'Verifying';
  return {
    works: false,
    over,
    reason,
    message: over ? `not within ${verifyMs / 1000} s: ${fault}` : (hindered ?? fault),
  };
}

/** Milliseconds until the time is over in which it must work, as far as nothing hinders it. */
export function verifyLeftMs({ vspPod, heardMs, lasted }: ObservedState): number {
  const lastedMs = lasted.rollingBackSince ?? lasted.verifyingSince ?? lasted.startedAt ?? 0;
  return verifyMs - Math.min(lastedMs, vspPod?.startedMs ?? lastedMs, heardMs ?? lastedMs);
}

/** What keeps the plugin from showing that it works and is none of its faults. It may last: no other plugin would do better. */
function hindranceOf({ vspPod, heardMs }: ObservedState): string | undefined {
  if (heardMs === undefined) return 'the daemon of its node is not heard';
  return vspPod ? vspPod.hindrance : 'its pod is being created';
}

function faultOf(
  { vspPod, vsp, ready }: ObservedState,
  { target, previousInit, wasReady, clear, drain }: Rollout,
): string | undefined {
  if (vspPod?.state !== 'running') return vspPod?.message ?? 'its pod is being created';
  if (!vsp || vsp.initialisedAt === previousInit) {
    const detail = ready?.status === 'False' ? `: ${ready.message}` : '';
    return `the daemon has not initialised it${detail}`;
  }
  const other = otherPlugin(target, vsp);
  if (other) return other;
  if (ready?.status === 'True') return undefined;
  // The other side's troubles are its own, unless there were none before. It may be about to change to this plugin, too.
  if ((!wasReady || (clear && drain)) && ready?.reason.startsWith('Peer')) return undefined;
  return ready?.message ?? 'the daemon does not say yet whether it works';
}

/** A VSP that is an image says what it likes, if anything. */
function otherPlugin(
  target: PluginRun,
  { package: served, version }: NonNullable<ObservedState['vsp']>,
): string | undefined {
  const expected = target.package ?? (target.directory && target.name);
  if (expected === undefined || served === undefined) return undefined;
  if (served === expected && (version === undefined || version === target.version)) return undefined;
  return `the VSP that answers is ${served} ${version ?? ''}, not ${expected} ${target.version}`;
}
