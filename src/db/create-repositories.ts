import { createBuildRepository } from './build-repository.ts';
import { createCacheExtraRepository } from './cache-extra-repository.ts';
import { createCachePathRepository } from './cache-path-repository.ts';
import { createCacheRepository } from './cache-repository.ts';
import { createCacheTokenRepository } from './cache-token-repository.ts';
import { createCacheUploadRepository } from './cache-upload-repository.ts';
import type { Connection } from './connection.ts';
import type { Repositories } from './database.ts';
import { createEvaluationRepository } from './evaluation-repository.ts';
import { createFailureRepository } from './failure-repository.ts';
import { createHostRepository } from './host-repository.ts';
import { createJobsetRepository } from './jobset-repository.ts';
import { createProjectRepository } from './project-repository.ts';
import { createRolloutRepository } from './rollout-repository.ts';
import { createServerRepository } from './server-repository.ts';
import { createStepRepository } from './step-repository.ts';
import { createStoredNarRepository } from './stored-nar-repository.ts';
import { createUserRepository } from './user-repository.ts';

/** All repositories on one connection or transaction. */
export function createRepositories(connection: Connection): Repositories {
  return {
    projects: createProjectRepository(connection),
    jobsets: createJobsetRepository(connection),
    evaluations: createEvaluationRepository(connection),
    builds: createBuildRepository(connection),
    steps: createStepRepository(connection),
    users: createUserRepository(connection),
    failures: createFailureRepository(connection),
    server: createServerRepository(connection),
    storedNars: createStoredNarRepository(connection),
    caches: createCacheRepository(connection),
    cachePaths: createCachePathRepository(connection),
    cacheTokens: createCacheTokenRepository(connection),
    cacheUploads: createCacheUploadRepository(connection),
    cacheExtras: createCacheExtraRepository(connection),
    rollouts: createRolloutRepository(connection),
    hosts: createHostRepository(connection),
  };
}
