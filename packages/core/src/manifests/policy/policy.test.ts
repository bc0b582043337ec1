import { expect, test } from 'vitest';
import { policies } from './index.ts';
import { renderPolicy } from './policy.ts';

const all = Object.values(policies).flat();

// The API server looks for the object of params before it asks whose request it is, and Fail refuses whoever asks when
// the kind is not known: at first, and where the CRDs went before the policies.
test.each(all.filter(({ params }) => params))('$name meets nobody else while its params cannot be had', (policy) => {
  expect(policy.on.names ?? policy.on.selector).toBeDefined();
  const [rendered, binding] = renderPolicy(policy);
  expect(rendered).toMatchObject({ spec: { failurePolicy: 'Ignore' } });
  expect(binding).toMatchObject({ spec: { paramRef: { parameterNotFoundAction: 'Allow' } } });
});

test.each(all.filter(({ params }) => !params))('$name refuses what it cannot judge', (policy) => {
  expect(renderPolicy(policy)[0]).toMatchObject({ spec: { failurePolicy: 'Fail' } });
});
