/** The command line. */
import { basename, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { type Field, fields, type Given, parseAnswers, tellsDetection, UsageError } from './answers.ts';
import { contracts } from './contracts.ts';
import { generate, ownVersion } from './generate.ts';

export interface Terminal {
  /** Whether somebody is there to answer. */
  isInteractive: boolean;
  ask: (given: Given, directory: string | undefined) => Promise<Asked>;
  print: (text: string) => void;
  environment: Readonly<Record<string, string | undefined>>;
}

export interface Asked {
  given: Given;
  /** undefined for the one that is named as the package. */
  directory: string | undefined;
}

/**
 * Commander writes help and version itself and ends the process.
 *
 * @throws UsageError naming each option that is wrong, missing or was npm's, or the directory that is not empty
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<void> {
  const program = new Command('create-plugin')
    .description(
      'Writes a new vendor plugin (VSP) for the DPU operator that builds, lints, tests and conforms as it stands.',
    )
    .usage('[directory] [options]')
    .argument('[directory]', 'where to (default: named as the package is)')
    // Values of options that npm took for its own come as arguments: first it is said why.
    .allowExcessArguments()
    .option('--vendor <name>', 'vendor in lower case, e.g. acme')
    .option('--product <name>', 'product, as `kubectl get dpu` shall show it')
    .option('--name <package>', 'name of the npm package (default: vsp-<vendor>)')
    .option('--host-pci <vendor:device>', 'PCI ids that a host sees of the DPU, e.g. 1234:5678')
    .option('--host-label <key=value>', 'label of the hosts that have a DPU')
    .option('--dpu-pci <vendor:device>', "PCI ids that the DPU's own node sees")
    .option('--dpu-dmi <text>', "text in the DMI product name of the DPU's own node")
    .option('--dpu-label <key=value>', "label of the DPU's own node")
    .option('--contracts <list>', `some of ${contracts.join(',')}; all; none (default: all)`)
    .option('--no-dev', 'without `npm run dev`, which needs the large package @dpu-operator/core')
    .option('-y, --yes', 'ask nothing')
    .version(await ownVersion())
    // Wrong use is 2, as for every other tool of the operator.
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .addHelpText('after', '\nSeveral rules for one side must all match. On a terminal it asks for what is missing.');
  program.action(async (directory: string | undefined, options: { dev: boolean; yes?: boolean }) => {
    const typed = program.opts<Record<string, string | undefined>>();
    const typedOnly = { given: givenOf(typed), directory };
    requireOwnOptions(typedOnly.given, terminal.environment);
    const [, ...excess] = program.args;
    if (excess.length > 0) throw new UsageError(`there is one directory; ${excess.map(quoted).join(' ')} is too much`);
    if (directory === '') throw new UsageError('the directory must have a name');
    const mayAsk = terminal.isInteractive && !options.yes;
    const asked = mayAsk && isIncomplete(typedOnly.given) ? await terminal.ask(typedOnly.given, directory) : typedOnly;
    const answers = parseAnswers(asked.given);
    const target = resolve(asked.directory ?? basename(answers.name));
    const files = await generate({ directory: target, answers, dev: options.dev });
    terminal.print(nextSteps(target, files.length, options.dev));
  });
  await program.parseAsync(argv);
}

function givenOf(options: Record<string, string | undefined>): Given {
  const given: Given = {};
  for (const field of Object.keys(fields) as Field[]) {
    const text = options[field.replace(/-(.)/g, (_all, letter: string) => letter.toUpperCase())];
    if (text !== undefined) given[field] = text;
  }
  return given;
}

/**
 * Without `--` before them, npm takes options for its own, and hands them on in the environment only.
 *
 * @throws UsageError naming those options
 */
function requireOwnOptions(given: Given, environment: Terminal['environment']): void {
  // npm has a `name` itself.
  const taken = (Object.keys(fields) as Field[])
    .filter((field) => field !== 'name' && given[field] === undefined)
    .filter((field) => environment[`npm_config_${field.replaceAll('-', '_')}`] !== undefined);
  if (taken.length === 0) return;
  const options = taken.map((field) => `--${field}`).join(', ');
  throw new UsageError(
    `npm took ${options} for itself; put -- before the options: npm create @dpu-operator/plugin -- ${options} …`,
  );
}

function isIncomplete(given: Given): boolean {
  return (
    given.vendor === undefined || given.product === undefined || given.contracts === undefined || !tellsDetection(given)
  );
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function nextSteps(directory: string, count: number, dev: boolean): string {
  const path = relative('', directory) || '.';
  const steps = [
    ...(path === '.' ? [] : [`cd ${quoted(path)}`]),
    'npm install',
    'npm run lint',
    'npm test               # builds, then the unit tests and the rules of the contract',
    'npm run conformance    # all rules, with a report',
    ...(dev ? ['sudo npm run dev       # both sides with the real daemon, without a cluster'] : []),
  ];
  return [`Wrote ${count} files to ${path}. Next:`, '', ...steps.map((step) => `  ${step}`), ''].join('\n');
}
