import { expect, test } from 'vitest';
import type { Link } from '../../linux/links/link.ts';
import { namesWith } from './node-devices.ts';

/** A node on which a container starts, and another ends, each time that somebody does something. */
function busyNode() {
  let index = 10;
  let links: Pick<Link, 'name' | 'index' | 'up'>[] = [{ name: 'eth0', index: 1, up: true }];
  const add = (name: string) => links.push({ name, index: index++, up: true });
  const remove = (name: string) => {
    links = links.filter((link) => link.name !== name);
  };
  const churn = () => {
    remove(`veth${index - 1}`);
    add(`veth${index}`);
  };
  return { add, remove, churn, list: async () => links.map((link) => link as Link) };
}

test('links come with a port that come each time that it is made, whatever else comes', async () => {
  const { add, remove, churn, list } = busyNode();
  const port = {
    make: async () => {
      churn();
      add('rep0');
    },
    remove: async () => {
      churn();
      remove('rep0');
    },
  };
  await expect(namesWith(port, list)).resolves.toEqual(['rep0']);
  expect((await list()).map(({ name }) => name)).toContain('rep0');
});

test('none come where only links of others do, or one stays that came before', async () => {
  const { add, churn, list } = busyNode();
  const churning = { make: async () => churn(), remove: async () => churn() };
  await expect(namesWith(churning, list)).resolves.toEqual([]);
  let isMade = false;
  const staying = {
    make: async () => {
      if (!isMade) add('br-port');
      isMade = true;
    },
    remove: async () => {},
  };
  await expect(namesWith(staying, list)).resolves.toEqual([]);
});
