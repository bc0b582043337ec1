/** The commands that the README and the tutorials tell people to type, so that tests run those and no others. */
import { readFile } from 'node:fs/promises';

/** A block between fences, and the heading that it stands under (its text without #s). */
export interface Block {
  heading: string;
  /** What follows the opening fence: a language, and whatever stands behind it. */
  info: string;
  lines: string[];
}

/** The `sh` blocks under a heading of the README, a command a line; continued until the next heading. */
export function readmeCommands(heading: string): Promise<string[]> {
  return documentCommands('README.md', heading);
}

/** As {@link readmeCommands}, of another document of this repository. */
export async function documentCommands(path: string, heading: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  if (!headings(text).includes(heading)) throw new Error(`${path} has no heading "${heading}"`);
  return fencedBlocks(text).flatMap((block) => (block.heading === heading && block.info === 'sh' ? block.lines : []));
}

/** A command's words as a shell takes them apart, as far as our documents go: blanks, quotes, and a comment at its end. */
export function words(command: string): string[] {
  const found = [...command.matchAll(/(?<=^|\s)(?:'([^']*)'|"([^"]*)"|(\S+))/g)];
  const comment = found.findIndex(([word]) => word.startsWith('#'));
  return found
    .slice(0, comment < 0 ? undefined : comment)
    .map(([, single, double, plain]) => single ?? double ?? plain ?? '');
}

/** The arguments of a documented command. @throws Error where it is one of another program */
export function argumentsOf(program: string, command: string): string[] {
  const [first, ...args] = words(command);
  if (first !== program) throw new Error(`"${command}" is no command of ${program}`);
  return args;
}

/** All blocks of a Markdown text, in their order. */
export function fencedBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: Block | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) {
      if (open) blocks.push(open);
      open = open ? undefined : { heading, info: line.slice(3), lines: [] };
    } else if (open) open.lines.push(line);
    else heading = headingIn(line) ?? heading;
  }
  return blocks;
}

function headings(text: string): string[] {
  return text.split('\n').flatMap((line) => headingIn(line) ?? []);
}

function headingIn(line: string): string | undefined {
  return /^#+ (.*)$/.exec(line)?.[1];
}
