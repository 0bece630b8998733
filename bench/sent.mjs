/** What rungs says to the server, word for word, so that psql can be fed the same. */

import { loadModule, parseSync } from 'libpg-query';
import { run } from './measure.mjs';
import { createDatabase, dropDatabase, textsOf, urlOf } from './server.mjs';

/** The messages of one run on an empty database, from the question what is there to the unlocking. */
export async function sentBy(commandFor) {
  const database = await createDatabase();
  try {
    const url = await urlOf(database, 1);
    return await textsOf(1, () => run(commandFor(url)));
  } finally {
    await dropDatabase(database);
  }
}

/** For psql a semicolon ends the message too; behind a backslash it ends the statement alone. */
export async function asPsqlIsFed(messages) {
  await loadModule();
  return messages.map((text) => `${statements(text).join('\\;\n')};\n`).join('');
}

/** Places are in bytes; the last one's length may be left out. */
function statements(text) {
  const bytes = Buffer.from(text);
  return parseSync(text).stmts.map(({ stmt_location: start = 0, stmt_len: length = bytes.length }) =>
    bytes.toString('utf8', start, start + length),
  );
}
