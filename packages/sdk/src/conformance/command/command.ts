/** `dpu-vsp conformance` on the command line. What it runs is loaded when it is asked for: serving needs none of it. */
import type { Command } from 'commander';
import type { ConformanceArguments } from './run-command.ts';

const examples = `
Exit code: 0 when the VSP conforms, 1 when it does not, 2 for a wrong command line.

Examples:
  dpu-vsp conformance --plugin . --settings '{"vfs":4}'
  dpu-vsp conformance --plugin @acme/vsp@1.2.0 --junit conformance.xml
  dpu-vsp conformance --endpoint unix:///run/vsp.sock --mode dpu
  dpu-vsp conformance --endpoint unix:///run/vsp.sock --mode dpu --disruptive --only bridge chains.create`;

export function addConformanceCommand(program: Command): void {
  program
    .command('conformance')
    .description('check a VSP against the plugin contract')
    .option('--plugin <directory or package>', 'plugin to start and check: a directory, or what npm can install')
    .option('--endpoint <url>', 'VSP that runs: unix:///path/to.sock; give --mode, too. It is only read')
    .option('--disruptive', 'change the VSP at the endpoint, too: its devices, ports, chains')
    .option('--mode <side...>', 'host, dpu. Default: all that the plugin has')
    .option('--identifier <text>', 'identifier of the DPU for Init')
    .option('--machine <json>', 'hardware by side that stands in for that of this machine: JSON, or @file')
    .option('--settings <json>', "the plugin's settings: JSON, or @file")
    .option('--secret <directory>', "a file for each key of the plugin's Secret; without it there is none")
    .option('--config-map <directory>', "a file for each key of the plugin's ConfigMap; without it there is none")
    .option('--max-vfs <number>', 'how many virtual functions the card can have')
    .option('--nf-macs <list>', 'MAC addresses of interfaces for network functions, between commas, two for each')
    .option('--health <program>', 'run with "fail <device>" and "repair <device>" to make a device fail and work')
    .option('--carrier <program>', 'run with "fail <port>" and "repair <port>" to take the device of a port away')
    .option('--only <id...>', 'checks or groups to run')
    .option('--list', 'list the checks and where their rules are written, and run none')
    .option('--ports <number>', 'how many bridge ports there is room for; as --max-vfs, or 10000')
    .option('--free-ports <list>', 'ids of bridge ports that nobody uses, between commas; the suite makes no others')
    .option('--timeout <seconds>', 'how long a call may take. Default: 30')
    .option('--junit <file>', 'write a JUnit XML report')
    .option('--json <file>', 'write a JSON report')
    .addHelpText('after', examples)
    .action(async (given: ConformanceArguments) => {
      const { runConformance } = await import('./run-command.ts');
      process.exitCode = await runConformance(given);
    });
}
