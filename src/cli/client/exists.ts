/** Whether the server has something under an address. */

import { z } from 'zod';
import { AppError } from '../../util/app-error.ts';
import type { ApiClient } from './api-client.ts';

export async function exists(client: ApiClient, path: string): Promise<boolean> {
  try {
    await client.get(path, z.unknown());
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'api.not-found') return false;
    throw error;
  }
}
