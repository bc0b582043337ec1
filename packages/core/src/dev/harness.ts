/** `dpu-vsp dev`: from the plugin's directory to two sides that run it, and back to a machine without a trace. */
import { relative, sep } from 'node:path';
import { type PluginPackage, readPluginPackage } from '@dpu-operator/sdk/host';
import { dpuWithoutCard, podOf, programsOf } from '@dpu-operator/sdk/manifest';
import { nodes } from './machine/addresses.ts';
import { harnessId } from './machine/names.ts';
import { checkMachine } from './machine/preflight.ts';
import { deleteLeftOvers, Topology } from './machine/topology.ts';
import { hasBuildScript } from './plugin/build.ts';
import { PluginFiles } from './plugin/plugin-files.ts';
import { reloadOnChange, runBuild, type Sides } from './plugin/reload.ts';
import { fillIn, sideSettings } from './plugin/settings.ts';
import { Report, type SideName } from './report/report.ts';
import type { DevRequest } from './request.ts';
import type { Message } from './sides/protocol.ts';
import { SideProcess } from './sides/side-process.ts';
import { Scenario } from './steps/scenario.ts';

/** Exit code as of a program that SIGINT ended. */
const interrupted = 130;

/** @param entry module of the process of a side */
export async function runHarness(request: DevRequest, entry: string): Promise<number> {
  const { directory, once, verbose } = request;
  checkMachine([]);
  const report = new Report((line) => process.stdout.write(`${line}\n`), verbose);
  const stop = new AbortController();
  const ending = new AbortController();
  // The first asks for an orderly end, the second for a quick one.
  const onSignal = () => (stop.signal.aborted ? ending : stop).abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  // Whoever reads it may end first, as `| head` does.
  process.stdout.on('error', () => stop.abort());
  // What is written while the first build and the first steps run counts as well.
  const files = once ? undefined : new PluginFiles(directory);
  try {
    const buildFirst = hasBuildScript(directory);
    if (buildFirst && !(await runBuild(directory, report, stop.signal)) && once) return 1;
    if (stop.signal.aborted) return interrupted;
    const plugin = await readPluginPackage(directory);
    for (const field of plugin.passedOver) report.say(`passes over ${field}, which this version does not know`);
    if (buildFirst) files?.leaveOut(relative(directory, plugin.entry).split(sep)[0] ?? '');
    checkMachine(['host' as const, 'dpu' as const].flatMap((side) => programsOf(plugin.manifest, side)));
    const left = await deleteLeftOvers();
    if (left.length > 0) report.say(`a harness that was killed left ${left.length} network namespaces: deleted`);
    report.title(`${plugin.name}@${plugin.version}`);
    const topology = await Topology.create(harnessId());
    const sides = startSides(topology, entry, report, ending.signal);
    const scenario = new Scenario({ sides, topology, report, signal: stop.signal });
    try {
      await startVsps(sides, topology, request, plugin);
      await scenario.run();
      if (files === undefined) {
        await scenario.finish();
        return verdict(report, stop.signal);
      }
      printPlaces(topology, report);
      report.outcome('watching for changes; Ctrl-C ends and cleans up');
      await reloadOnChange({ request, files, buildFirst, sides, scenario, report, signal: stop.signal });
      report.title('ending');
      await scenario.finish();
      return 0;
    } finally {
      await Promise.all([sides.host.end(), sides.dpu.end()]);
      await topology.delete();
    }
  } catch (error) {
    // Whatever was under way has been cut off, which is no news.
    if (ending.signal.aborted || (stop.signal.aborted && once)) return interrupted;
    throw error;
  } finally {
    files?.close();
    for (const signal of signals) process.off(signal, onSignal);
  }
}

function startSides(topology: Topology, entry: string, report: Report, ending: AbortSignal): Sides {
  const start = (side: SideName) => {
    const process = new SideProcess({
      netns: topology.netns(side),
      entry,
      onMessage: (message) => show(side, message, report),
      onLog: (line) => report.daemonLog(side, line),
    });
    ending.addEventListener('abort', () => void process.end(), { once: true });
    return process;
  };
  return { host: start('host'), dpu: start('dpu') };
}

function show(side: SideName, message: Message, report: Report): void {
  if (message.kind === 'call') report.call(side, message.call);
  else if (message.kind === 'printed') report.printed(side, message.line);
  else if (message.kind === 'ended') report.failed(`${side} side's VSP runs`, `it ended by itself (${message.how})`);
}

async function startVsps(
  sides: Sides,
  topology: Topology,
  { directory, program, settings, machines, files }: DevRequest,
  { name: packageName, manifest }: PluginPackage,
): Promise<void> {
  const plugin = { packageName, manifest };
  const start = async (side: SideName) => {
    const { name: nodeName, ip } = nodes[side];
    const asked = sideSettings(manifest.dev?.[side], settings[side]);
    const machine = machines[side] && fillIn(machines[side], { card: topology.path('card') });
    const found = machine
      ? await sides[side].call('standIn', { machine, plugin, side, nodeName })
      : { dpu: dpuWithoutCard(plugin, side, nodeName) };
    await sides[side].call('start', {
      node: { name: nodeName, ip },
      ...found,
      directory,
      program,
      settings: asked,
      files,
      gracePeriodSeconds: podOf(manifest, side).gracePeriodSeconds,
    });
  };
  await Promise.all([start('host'), start('dpu')]);
}

function printPlaces(topology: Topology, report: Report): void {
  report.title('network namespaces');
  for (const place of ['pod1', 'pod2', 'function', 'bridge', 'outside', 'host', 'dpu', 'card'] as const) {
    report.say(`${place.padEnd(8)} ip netns exec ${topology.netns(place)} …`);
  }
}

function verdict(report: Report, signal: AbortSignal): number {
  if (signal.aborted) return interrupted;
  return report.outcome('every step passed that was not skipped') ? 0 : 1;
}
