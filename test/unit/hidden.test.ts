/** What commands print, without passwords: also those of connections that rungs knows nothing of. */

import { describe, expect, it } from 'vitest';
import { hidingIn } from '../../tasks/_hidden.ts';

const hidden = hidingIn(['known-word']);

describe('the words of a command', () => {
  it.each([
    ['failing postgres://u:topsecret@x', 'failing postgres://u:***@x'],
    ['of no user: redis://:topsecret@x:1/0.', 'of no user: redis://:***@x:1/0.'],
    ['odd ones: postgres://u:top/sec@ret@x', 'odd ones: postgres://u:***@x'],
    ['two: a://b:topsecret@c d://e:topsecret@f', 'two: a://b:***@c d://e:***@f'],
    ['password=topsecret host=x', 'password=*** host=x'],
    ["host=x password='top \\' secret' user=u", 'host=x password=*** user=u'],
    ['password=top\\ secret user=u', 'password=*** user=u'],
    ["cut off: password='top secret", 'cut off: password=***'],
    ['PGPASSWORD=topsecret psql', 'PGPASSWORD=*** psql'],
    ['pwd = topsecret', 'pwd = ***'],
    ['{"user": "u", "password": "top secret"}', '{"user": "u", "password": "***"}'],
    ['it is known-word', 'it is ***'],
  ])('%s', (text, shown) => {
    expect(hidden(text)).toBe(shown);
  });

  it('may be a million in one', () => {
    const long = 'x'.repeat(1e6);
    expect(hidden(long)).toBe(long);
  });

  it.each([
    'FATAL:  password authentication failed for user "u"',
    'https://deploys.example:8080/api answered 503',
    'postgres://u@x/d?sslmode=require',
    'at 10:00 by a@b.example',
  ])('is left as it is where there is none: %s', (text) => {
    expect(hidden(text)).toBe(text);
  });
});
