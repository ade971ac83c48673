import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHeap } from './heap.ts';

it('gives what was put in, least first, however pushes and pops are mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20))), (script) => {
      const heap = createHeap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const item of script) {
        const popped = item === null ? [heap.pop(), model.shift()] : [];
        expect(popped[0]).toBe(popped[1]);
        if (item !== null) {
          heap.push(item);
          model.push(item);
          model.sort((a, b) => a - b);
        }
        expect(heap.peek()).toBe(model[0]);
        expect(heap.size).toBe(model.length);
        expect([...heap].sort((a, b) => a - b)).toEqual(model);
      }
    }),
  );
});
