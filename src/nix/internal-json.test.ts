import { describe, expect, it } from 'vitest';
import { activityResult, activityType, logLevel } from './activity.ts';
import { parseInternalJsonLine } from './internal-json.ts';

const line = (json: unknown): string => `@nix ${JSON.stringify(json)}`;

describe('parseInternalJsonLine', () => {
  it('reads a message', () => {
    expect(
      parseInternalJsonLine('@nix {"action":"msg","level":0,"msg":"\\u001b[31merror\\u001b[0m"}'),
    ).toEqual({
      action: 'msg',
      level: logLevel.error,
      msg: '\u001b[31merror\u001b[0m',
    });
  });

  it('reads the position of an error', () => {
    const json = {
      action: 'msg',
      level: 0,
      msg: 'error: x',
      raw_msg: 'x',
      file: '/a.nix',
      line: 3,
      column: 7,
    };
    expect(parseInternalJsonLine(line({ ...json, trace: [] }))).toEqual(json);
  });

  it('takes a null position for none', () => {
    const json = {
      action: 'msg',
      level: 0,
      msg: 'error: x',
      raw_msg: 'x',
      file: null,
      line: null,
      column: null,
    };
    expect(parseInternalJsonLine(line(json))).toEqual({
      action: 'msg',
      level: 0,
      msg: 'error: x',
      raw_msg: 'x',
    });
  });

  it('reads an activity with ids beyond 2^53 digit by digit', () => {
    const text =
      '@nix {"action":"start","id":18014398509481985,"level":3,"parent":9007199254740993,"text":"building",' +
      '"type":105,"fields":["/nix/store/x.drv","",1,1]}';
    expect(parseInternalJsonLine(text)).toEqual({
      action: 'start',
      id: '18014398509481985',
      level: logLevel.info,
      parent: '9007199254740993',
      text: 'building',
      type: activityType.build,
      fields: ['/nix/store/x.drv', '', 1, 1],
    });
  });

  it('reads an activity without fields and parent, the end of one, and a result', () => {
    expect(
      parseInternalJsonLine(line({ action: 'start', id: 1, level: 5, text: '', type: 0 })),
    ).toMatchObject({ id: '1', parent: '0', fields: [] });
    expect(parseInternalJsonLine(line({ action: 'stop', id: 1 }))).toEqual({ action: 'stop', id: '1' });
    expect(parseInternalJsonLine(line({ action: 'result', id: 7, type: 101, fields: ['id": 5'] }))).toEqual({
      action: 'result',
      id: '7',
      type: activityResult.buildLogLine,
      fields: ['id": 5'],
    });
  });

  it.each([
    ['another line', 'building…'],
    ['the marker elsewhere', ' @nix {"action":"stop","id":1}'],
    ['no JSON', '@nix {'],
    ['nothing', '@nix '],
    ['no object', '@nix 1'],
    ['null', '@nix null'],
    ['an empty object', '@nix {}'],
    ['an unknown action', line({ action: 'setPhase', phase: 'build' })],
    ['an id that is text', line({ action: 'stop', id: 'x' })],
    ['an id that is negative', line({ action: 'stop', id: -1 })],
    ['an id that is a fraction', '@nix {"action":"stop","id":1.0}'],
    ['no id', line({ action: 'stop' })],
    ['fields of another type', line({ action: 'result', id: 1, type: 1, fields: [{}] })],
    ['a message without text', line({ action: 'msg', level: 0 })],
  ])('is undefined for %s', (_what, text) => {
    expect(parseInternalJsonLine(text)).toBeUndefined();
  });
});
