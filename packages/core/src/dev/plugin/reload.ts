/** Follows the plugin's files: builds, starts both VSPs anew and goes through the steps again. */
import { DpuError } from '@dpu-operator/sdk';
import { readPluginPackage } from '@dpu-operator/sdk/host';
import type { Report, SideName } from '../report/report.ts';
import type { DevRequest } from '../request.ts';
import type { SideProcess } from '../sides/side-process.ts';
import type { Scenario } from '../steps/scenario.ts';
import { build } from './build.ts';
import type { PluginFiles } from './plugin-files.ts';
import { sideSettings } from './settings.ts';

export type Sides = Record<SideName, SideProcess>;

export interface Reload {
  request: DevRequest;
  files: PluginFiles;
  buildFirst: boolean;
  sides: Sides;
  scenario: Scenario;
  report: Report;
  signal: AbortSignal;
}

/** Returns when the signal comes. Changes during a reload make for one more. */
export async function reloadOnChange(reload: Reload): Promise<void> {
  const { request, files, buildFirst, sides, scenario, report, signal } = reload;
  for (;;) {
    const changed = await files.changes(signal);
    if (signal.aborted) return;
    report.begin(`changed: ${changed.slice(0, 5).join(', ')}`);
    const built = !buildFirst || (await runBuild(request.directory, report, signal));
    if (built && (await restart(request, sides, report))) await scenario.runAgain();
    if (!signal.aborted) report.outcome('works; watching for changes');
  }
}

/** With the settings of the manifest as it is now. @returns whether the package can be read */
async function restart({ directory, settings }: DevRequest, sides: Sides, report: Report): Promise<boolean> {
  try {
    const { manifest } = await readPluginPackage(directory);
    const anew = (side: SideName) =>
      sides[side].call('restart', { settings: sideSettings(manifest.dev?.[side], settings[side]) });
    await Promise.all([anew('host'), anew('dpu')]);
    return true;
  } catch (error) {
    report.failed('restart', DpuError.from(error).message);
    return false;
  }
}

export async function runBuild(directory: string, report: Report, signal: AbortSignal): Promise<boolean> {
  const { succeeded, output } = await build(directory, signal);
  if (succeeded) report.verbose(output);
  else report.output(output);
  if (succeeded) report.passed('npm run build', '');
  else report.failed('npm run build', 'see above');
  return succeeded;
}
