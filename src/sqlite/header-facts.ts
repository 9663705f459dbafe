import type { HeaderFacts } from './database-facts.ts';
import { formatSqliteVersion, type DatabaseHeader } from './database-file.ts';

/** What the first page tells. */
export function factsOfHeader(
  header: DatabaseHeader,
): Omit<HeaderFacts, 'pageCount' | 'sizeBytes'> {
  const { pageSize, encoding, autoVacuum, userVersion, applicationId, versionNumber } = header;
  return {
    pageSize,
    journalMode: header.walMode ? 'wal' : 'delete',
    encoding,
    autoVacuum,
    userVersion,
    applicationId,
    ...(versionNumber > 0 && { sqliteVersion: formatSqliteVersion(versionNumber) }),
  };
}
