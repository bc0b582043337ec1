/** The commands that the README tells people to type, so that tests run those and no others. */
import { readFile } from 'node:fs/promises';

/** The `sh` blocks under a heading (its text without #s), a command a line; continued until the next heading. */
export async function readmeCommands(heading: string): Promise<string[]> {
  const lines = (await readFile('README.md', 'utf8')).split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`README.md has no heading "${heading}"`);
  const commands: string[] = [];
  let language: string | undefined;
  for (const line of lines.slice(start + 1)) {
    if (line.startsWith('```')) language = language === undefined ? line.slice(3) : undefined;
    else if (language === 'sh') commands.push(line);
    else if (language === undefined && /^#+ /.test(line)) break;
  }
  return commands;
}
