import type { CheckContext } from '../../check.ts';
import { holds, same } from '../../expect.ts';

/** @throws Skip when others would be hurt, and where the card has a fixed number. */
export function requireResizable({ inUse, resizing, skip }: CheckContext): void {
  if (inUse()) skip('the VSP has bridge ports of others: to change its number of devices would hurt them');
  if (resizing === 'never') skip('the card has a fixed number of virtual functions: VF_RESIZING_NEVER');
}

/** That number, or as many as the card has. */
export function upTo({ maxVfs = Number.POSITIVE_INFINITY }: CheckContext, count: number): number {
  return Math.min(count, maxVfs);
}

/** Answers how many devices there are. */
export async function countOnce({ vsp, mode }: CheckContext, count: number): Promise<number> {
  const answer = await vsp.setNumVfs(count);
  if (mode === 'host') same(answer, count, `the answer to SetNumVfs(${count})`);
  else holds(answer >= 0, `the answer to SetNumVfs(${count}) is ${answer}`);
  const listed = await vsp.devices();
  same(listed.length, answer, 'the number of devices that GetDevices lists');
  same(new Set(listed.map(({ id }) => id)).size, answer, 'the number of different ids');
  return answer;
}

/** Two numbers of devices that can be had. */
export function growth(context: CheckContext): { fewer: number; more: number } {
  const more = upTo(context, 4);
  const fewer = Math.min(2, more - 1);
  if (fewer < 1) context.skip('the card has one virtual function only');
  return { fewer, more };
}
