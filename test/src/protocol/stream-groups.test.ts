import { expect, it } from 'vitest';
import { groupNamed, groupsOf } from '../../../src/protocol/stream-groups.ts';

it('a stream without labels has the one group 0, labels are counted from 1', () => {
  expect(groupsOf({ groups: [] })).toEqual([{ group: 0, name: null }]);
  expect(groupsOf({ groups: ['north', 'south'] })).toEqual([
    { group: 1, name: 'north' },
    { group: 2, name: 'south' },
  ]);
});

it('a label is found by its name, and none only where there are none', () => {
  const labels = { groups: ['north', 'south'] };
  expect(groupNamed(labels, 'south').group).toBe(2);
  expect(groupNamed({ groups: [] }, null).group).toBe(0);
  expect(() => groupNamed(labels, null)).toThrow('expected one of the groups north, south, got none');
  expect(() => groupNamed({ groups: [] }, 'north')).toThrow('expected no group, got "north"');
});
