import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseStorePath } from '../../nix/store-path.ts';
import { liveProgress } from './live.ts';

function terminal(): { readonly stream: Writable; readonly screen: () => readonly string[] } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, screen: () => replay(chunks.join('')) };
}

/** A terminal small enough to check: lines, cursor up, erase below. */
function replay(text: string): readonly string[] {
  let lines: string[] = [];
  for (const part of text.split(/(\u001b\[\d+A\u001b\[0J)/)) {
    const up = /^\u001b\[(\d+)A/.exec(part);
    if (up === null) lines.push(...part.split('\n').slice(0, -1));
    else lines = lines.slice(0, lines.length - Number(up[1]));
  }
  return lines;
}

describe('liveProgress', () => {
  it('keeps lines that stay above the block of what runs', () => {
    const { stream, screen } = terminal();
    const progress = liveProgress(
      stream,
      () => 80,
      () => 0,
    );

    progress.emit({ type: 'evaluation.started', source: 'net.nix', jobs: ['a', 'b'] });
    progress.emit({ type: 'evaluation.job.started', job: 'a' });
    progress.emit({ type: 'message', level: 'info', text: 'hello' });

    expect(screen()).toEqual([
      'evaluating net.nix (2 machines)',
      'hello',
      '  evaluating a 0 ms',
      '  evaluated 0/2',
    ]);
    progress.close();
  });

  it('takes the block away at the end, once', () => {
    const { stream, screen } = terminal();
    const progress = liveProgress(
      stream,
      () => 80,
      () => 0,
    );
    progress.emit({ type: 'evaluation.job.started', job: 'a' });
    progress.emit({ type: 'message', level: 'info', text: 'hello' });

    progress.close();
    progress.close();

    expect(screen()).toEqual(['hello']);
  });

  it('shows a build that began in the block only', () => {
    const { stream, screen } = terminal();
    const progress = liveProgress(
      stream,
      () => 80,
      () => 0,
    );

    progress.emit({
      type: 'step.started',
      drvPath: parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-x.drv'),
      name: 'x',
      system: 'x86_64-linux',
      builder: 'local',
      emulated: false,
      attempt: 1,
    });
    progress.emit({ type: 'message', level: 'info', text: 'hello' });

    expect(screen()).toEqual(['hello', '  building x 0 ms']);
    progress.close();
  });

  it('lets others print between without breaking the block', () => {
    const { stream, screen } = terminal();
    const progress = liveProgress(
      stream,
      () => 80,
      () => 0,
    );
    progress.emit({ type: 'evaluation.job.started', job: 'a' });
    progress.emit({ type: 'message', level: 'info', text: 'one' });

    progress.stderr.write('two\n');

    expect(screen()).toEqual(['one', 'two', '  evaluating a 0 ms']);
    progress.close();
  });

  it('keeps what hosts of a rollout print in their lines of the block, unless that is what is asked for', () => {
    const toplevel = parseStorePath('/nix/store/7rw8v9pckcwracg8g6lgjagjpgsvg24l-system');
    const screenAfter = (action: string, waves: readonly (readonly string[])[]) => {
      const { stream, screen } = terminal();
      const progress = liveProgress(
        stream,
        () => 80,
        () => 0,
      );
      progress.emit({ type: 'rollout.started', rollout: 'r', action, waves });
      progress.emit({ type: 'host.started', host: 'web', toplevel, action });
      progress.emit({ type: 'host.log', host: 'web', line: 'starting nginx' });
      progress.emit({ type: 'host.failed', host: 'db', phase: 'copying', message: 'no room' });
      progress.close();
      return screen();
    };

    expect(screenAfter('switch', [['web', 'db']])).toEqual([
      'rollout r: 2 hosts',
      'db: failed while copying: no room',
    ]);
    expect(screenAfter('dry-activate', [['web', 'db']])).toContain('web: starting nginx');
    expect(screenAfter('switch', [['web']])).toContain('web: starting nginx');
  });
});
