/** The programs' own help, command by command. */
import { join } from 'node:path';
import { execa } from 'execa';
import { repositoryRoot } from '../../test/cluster/paths.ts';

/** Name, and where it is when it is built. */
const programs: [string, string][] = [
  ['dpuctl', 'packages/core/dist/bundle/dpuctl.mjs'],
  ['dpu-vsp', 'packages/sdk/dist/bundle/dpu-vsp.mjs'],
  ['create-plugin', 'packages/create-plugin/dist/main.js'],
];

export async function cliReference(): Promise<string> {
  const sections = await Promise.all(programs.map(([name, file]) => helpOf(name, file, [])));
  return [
    '# Commands',
    'What each program says with `--help`. For make see [every target](../commands.md).',
    ...sections.flat(),
  ].join('\n\n');
}

/** A section for a command, and for each below it. */
async function helpOf(program: string, file: string, command: readonly string[]): Promise<string[]> {
  const { stdout } = await execa(process.execPath, [join(repositoryRoot, file), ...command, '--help']);
  const heading = `${'#'.repeat(Math.min(2 + command.length, 4))} ${[program, ...command].join(' ')}`;
  const below = await Promise.all(subcommandsIn(stdout).map((name) => helpOf(program, file, [...command, name])));
  return [heading, `\`\`\`text\n${stdout.trimEnd()}\n\`\`\``, ...below.flat()];
}

/** Names of the commands that a help text lists. */
function subcommandsIn(help: string): string[] {
  const [, list = ''] = /^Commands:\n((?: .*\n?)*)/m.exec(help) ?? [];
  return [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
}
