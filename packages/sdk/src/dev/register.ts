import type { Command } from 'commander';
import type { DevOptions } from './command.ts';

/** Adds `dpu-vsp dev`; its code is loaded when it is asked for. */
export function addDevCommand(program: Command): void {
  program
    .command('dev')
    .description('run a plugin without hardware or cluster, and again whenever it changes (Linux, root)')
    .option('--plugin <directory>', "directory of the plugin's package", '.')
    .option('--host-settings <json>', "settings of the host side over those of the manifest's dev.host; or @file")
    .option('--dpu-settings <json>', "settings of the DPU side over those of the manifest's dev.dpu; or @file")
    .option('--machine <json>', 'hardware by side that stands in for a card, as dpu-vsp conformance takes it; or @file')
    .option('--secret <directory>', "a file for each key of the plugin's Secret; without it there is none")
    .option('--config-map <directory>', "a file for each key of the plugin's ConfigMap; without it there is none")
    .option('--once', 'do every step once and end, with exit code 1 if one failed')
    .option('--verbose', 'show heartbeats, the logs of the daemons and the output of builds too')
    .action(async (options: DevOptions) => {
      const { dev } = await import('./command.ts');
      process.exitCode = await dev(options);
    });
}
