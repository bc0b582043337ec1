import type { LinkChange, WatchLinksOptions } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import { LinkWatch } from './link-watch.ts';

const change: LinkChange = { name: 'vf3', index: 7, deleted: false };

test('one watch tells all who listen, and ends with the last of them', () => {
  const watches: { tell: (change: LinkChange) => void; options: WatchLinksOptions }[] = [];
  const links = new LinkWatch((tell, options) => void watches.push({ tell, options }));
  const heard: string[] = [];
  const listen = (who: string) => {
    const stop = new AbortController();
    links.listen({ changed: ({ name }) => heard.push(`${who} ${name}`), missed: () => heard.push(who) }, stop.signal);
    return stop;
  };
  const first = listen('first');
  const second = listen('second');
  expect(watches).toHaveLength(1);
  watches[0]?.tell(change);
  first.abort();
  watches[0]?.options.onRestart?.('too many');
  expect(heard).toEqual(['first vf3', 'second vf3', 'second']);
  expect(watches[0]?.options.signal.aborted).toBe(false);
  second.abort();
  expect(watches[0]?.options.signal.aborted).toBe(true);
  listen('third');
  expect(watches).toHaveLength(2);
});
