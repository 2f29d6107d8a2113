-- What is known of attempts to deliver: how many may have had an effect without an answer, and
-- what the receiver said when it took the message.
ALTER TABLE intent ADD COLUMN unclear INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intent ADD COLUMN answer TEXT NOT NULL DEFAULT '';
CREATE INDEX intent_channel ON intent (channel, done, failed, attempts);
