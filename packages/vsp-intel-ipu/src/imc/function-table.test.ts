import { expect, test } from 'vitest';
import { cliLine } from '../testing/cli-line.ts';
import { parseFunctionTable } from './function-table.ts';

test('each line has the VSI and the MAC of a function', () => {
  const text = `${cliLine('00:15:00:00:03:14', 5)}\n${cliLine('00:1B:00:00:03:14', 0x1b)}\n\n`;
  expect([...parseFunctionTable(text)]).toEqual([
    ['00:15:00:00:03:14', 5],
    ['00:1b:00:00:03:14', 27],
  ]);
});

test.each([
  ['', 'printed no table of functions: nothing'],
  ['Command failed: server busy', 'printed no table of functions: Command failed: server busy'],
  ['Welcome to the IMC', 'printed no table of functions: Welcome to the IMC'],
  // A part of the table, then an error.
  [`${cliLine('00:15:00:00:03:14', 5)}\nError: timeout`, 'printed no table of functions: Error: timeout'],
])('what is no table is told: %j', (text, message) => {
  expect(() => parseFunctionTable(text)).toThrow(message);
});

test('a line that is cut is no function', () => {
  const line = cliLine('00:15:00:00:03:14', 5);
  const text = `${cliLine('00:16:00:00:03:14', 6)}\n${line.slice(0, -1)}`;
  expect([...parseFunctionTable(text).keys()]).toEqual(['00:16:00:00:03:14']);
});
