import { AppError } from '../util/app-error.ts';

/** Runs a change that may fail because a name is taken, and then says of what: e.g. `a project named 'x'`. */
export async function orTaken<T>(what: string, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof AppError && error.code === 'db.conflict')
      throw new AppError('db.conflict', `there is ${what} already`, { cause: error });
    throw error;
  }
}

/** Throws `db.missing` when a change of what should be there changed no row. */
export function mustExist(changed: { readonly numUpdatedRows: bigint } | undefined, what: string): void {
  if (changed === undefined || changed.numUpdatedRows === 0n)
    throw new AppError('db.missing', `there is no ${what} any more`);
}
