PRAGMA application_id=1667789684;
PRAGMA user_version=1;
CREATE TABLE chat_messages (
	session_id TEXT NOT NULL,
	seq INTEGER NOT NULL,
	message_id TEXT NOT NULL,
	size INTEGER NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (session_id, seq),
	FOREIGN KEY(session_id) REFERENCES chat_sessions (session_id) ON DELETE CASCADE
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',2,'m1',97,'{"messageId":"m1","type":"user_query","content":"message 1, naïve 😀","timestamp":"2026-01-01T00:00:01.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',3,'m2',97,'{"messageId":"m2","type":"user_query","content":"message 2, naïve 😀","timestamp":"2026-01-01T00:00:02.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',4,'m3',97,'{"messageId":"m3","type":"user_query","content":"message 3, naïve 😀","timestamp":"2026-01-01T00:00:03.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',5,'m4',97,'{"messageId":"m4","type":"user_query","content":"message 4, naïve 😀","timestamp":"2026-01-01T00:00:04.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',6,'m5',97,'{"messageId":"m5","type":"user_query","content":"message 5, naïve 😀","timestamp":"2026-01-01T00:00:05.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',7,'m6',97,'{"messageId":"m6","type":"user_query","content":"message 6, naïve 😀","timestamp":"2026-01-01T00:00:06.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',8,'m7',97,'{"messageId":"m7","type":"user_query","content":"message 7, naïve 😀","timestamp":"2026-01-01T00:00:07.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',9,'m8',97,'{"messageId":"m8","type":"user_query","content":"message 8, naïve 😀","timestamp":"2026-01-01T00:00:08.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',10,'m9',97,'{"messageId":"m9","type":"user_query","content":"message 9, naïve 😀","timestamp":"2026-01-01T00:00:09.000000Z"}');
INSERT INTO "chat_messages" VALUES('a "quoted" \ id',11,'m10',166,'{"messageId":"m10","type":"user_query","content":"message 10, naïve 😀","timestamp":"2026-01-01T00:00:10.000000Z","extractedFilters":{"yearRange":{"min":1990},"rating":7},"confidence":0.85}');
INSERT INTO "chat_messages" VALUES('expired',1,'m0',97,'{"messageId":"m0","type":"user_query","content":"message 0, naïve 😀","timestamp":"2026-01-01T00:00:00.000000Z"}');
INSERT INTO "chat_messages" VALUES('miscounted',1,'m0',97,'{"messageId":"m0","type":"user_query","content":"message 0, naïve 😀","timestamp":"2026-01-01T00:00:00.000000Z"}');
INSERT INTO "chat_messages" VALUES('miscounted',2,'m1',97,'{"messageId":"m1","type":"user_query","content":"message 1, naïve 😀","timestamp":"2026-01-01T00:00:01.000000Z"}');
INSERT INTO "chat_messages" VALUES('miscounted',3,'m2',97,'{"messageId":"m2","type":"user_query","content":"message 2, naïve 😀","timestamp":"2026-01-01T00:00:02.000000Z"}');
INSERT INTO "chat_messages" VALUES('miscounted',4,'m3',97,'{"messageId":"m3","type":"user_query","content":"message 3, naïve 😀","timestamp":"2026-01-01T00:00:03.000000Z"}');
INSERT INTO "chat_messages" VALUES('miscounted',5,'m4',97,'{"messageId":"m4","type":"user_query","content":"message 4, naïve 😀","timestamp":"2026-01-01T00:00:04.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',14,'m40',99,'{"messageId":"m40","type":"user_query","content":"message 40, naïve 😀","timestamp":"2026-01-01T00:00:40.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',15,'m41',99,'{"messageId":"m41","type":"user_query","content":"message 41, naïve 😀","timestamp":"2026-01-01T00:00:41.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',16,'m42',99,'{"messageId":"m42","type":"user_query","content":"message 42, naïve 😀","timestamp":"2026-01-01T00:00:42.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',17,'m43',99,'{"messageId":"m43","type":"user_query","content":"message 43, naïve 😀","timestamp":"2026-01-01T00:00:43.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',18,'m44',99,'{"messageId":"m44","type":"user_query","content":"message 44, naïve 😀","timestamp":"2026-01-01T00:00:44.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',19,'m45',99,'{"messageId":"m45","type":"user_query","content":"message 45, naïve 😀","timestamp":"2026-01-01T00:00:45.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',20,'m46',99,'{"messageId":"m46","type":"user_query","content":"message 46, naïve 😀","timestamp":"2026-01-01T00:00:46.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',21,'m47',99,'{"messageId":"m47","type":"user_query","content":"message 47, naïve 😀","timestamp":"2026-01-01T00:00:47.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',22,'m48',99,'{"messageId":"m48","type":"user_query","content":"message 48, naïve 😀","timestamp":"2026-01-01T00:00:48.000000Z"}');
INSERT INTO "chat_messages" VALUES('pruned',23,'m49',99,'{"messageId":"m49","type":"user_query","content":"message 49, naïve 😀","timestamp":"2026-01-01T00:00:49.000000Z"}');
INSERT INTO "chat_messages" VALUES('rewritten',6,'m20',99,'{"messageId":"m20","type":"user_query","content":"message 20, naïve 😀","timestamp":"2026-01-01T00:00:20.000000Z"}');
INSERT INTO "chat_messages" VALUES('rewritten',7,'m21',99,'{"messageId":"m21","type":"user_query","content":"message 21, naïve 😀","timestamp":"2026-01-01T00:00:21.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',1,'m0',97,'{"messageId":"m0","type":"user_query","content":"message 0, naïve 😀","timestamp":"2026-01-01T00:00:00.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',2,'m100',101,'{"messageId":"m100","type":"user_query","content":"message 100, naïve 😀","timestamp":"2026-01-01T00:01:40.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',3,'m1',97,'{"messageId":"m1","type":"user_query","content":"message 1, naïve 😀","timestamp":"2026-01-01T00:00:01.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',4,'m101',101,'{"messageId":"m101","type":"user_query","content":"message 101, naïve 😀","timestamp":"2026-01-01T00:01:41.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',5,'m2',97,'{"messageId":"m2","type":"user_query","content":"message 2, naïve 😀","timestamp":"2026-01-01T00:00:02.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',6,'m102',101,'{"messageId":"m102","type":"user_query","content":"message 102, naïve 😀","timestamp":"2026-01-01T00:01:42.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',7,'m3',97,'{"messageId":"m3","type":"user_query","content":"message 3, naïve 😀","timestamp":"2026-01-01T00:00:03.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',8,'m103',101,'{"messageId":"m103","type":"user_query","content":"message 103, naïve 😀","timestamp":"2026-01-01T00:01:43.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',9,'m4',97,'{"messageId":"m4","type":"user_query","content":"message 4, naïve 😀","timestamp":"2026-01-01T00:00:04.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',10,'m104',101,'{"messageId":"m104","type":"user_query","content":"message 104, naïve 😀","timestamp":"2026-01-01T00:01:44.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',11,'m5',97,'{"messageId":"m5","type":"user_query","content":"message 5, naïve 😀","timestamp":"2026-01-01T00:00:05.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',12,'m105',101,'{"messageId":"m105","type":"user_query","content":"message 105, naïve 😀","timestamp":"2026-01-01T00:01:45.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',13,'m6',97,'{"messageId":"m6","type":"user_query","content":"message 6, naïve 😀","timestamp":"2026-01-01T00:00:06.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',14,'m106',101,'{"messageId":"m106","type":"user_query","content":"message 106, naïve 😀","timestamp":"2026-01-01T00:01:46.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',15,'m7',97,'{"messageId":"m7","type":"user_query","content":"message 7, naïve 😀","timestamp":"2026-01-01T00:00:07.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',16,'m107',101,'{"messageId":"m107","type":"user_query","content":"message 107, naïve 😀","timestamp":"2026-01-01T00:01:47.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',17,'m8',97,'{"messageId":"m8","type":"user_query","content":"message 8, naïve 😀","timestamp":"2026-01-01T00:00:08.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',18,'m108',101,'{"messageId":"m108","type":"user_query","content":"message 108, naïve 😀","timestamp":"2026-01-01T00:01:48.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',19,'m9',97,'{"messageId":"m9","type":"user_query","content":"message 9, naïve 😀","timestamp":"2026-01-01T00:00:09.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',20,'m109',101,'{"messageId":"m109","type":"user_query","content":"message 109, naïve 😀","timestamp":"2026-01-01T00:01:49.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',21,'m10',99,'{"messageId":"m10","type":"user_query","content":"message 10, naïve 😀","timestamp":"2026-01-01T00:00:10.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',22,'m110',101,'{"messageId":"m110","type":"user_query","content":"message 110, naïve 😀","timestamp":"2026-01-01T00:01:50.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',23,'m11',99,'{"messageId":"m11","type":"user_query","content":"message 11, naïve 😀","timestamp":"2026-01-01T00:00:11.000000Z"}');
INSERT INTO "chat_messages" VALUES('unlimited',24,'m111',101,'{"messageId":"m111","type":"user_query","content":"message 111, naïve 😀","timestamp":"2026-01-01T00:01:51.000000Z"}');
CREATE TABLE chat_sessions (
	session_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	created_at TEXT NOT NULL,
	updated_at TEXT NOT NULL,
	ttl INTEGER,
	message_count INTEGER NOT NULL,
	session_status TEXT DEFAULT 'active' NOT NULL,
	version INTEGER DEFAULT 0 NOT NULL,
	creation_id TEXT,
	user_preferences TEXT DEFAULT '{}' NOT NULL,
	metadata TEXT DEFAULT '{}' NOT NULL,
	extra TEXT,
	PRIMARY KEY (session_id)
)
 STRICT

;
INSERT INTO "chat_sessions" VALUES('a "quoted" \ id','ána','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',1769817600,13,'active',2,'token','{}','{"title":"Film","big":10000000000000000000000000000000000000}','{"channel":{"kind":null}}');
INSERT INTO "chat_sessions" VALUES('unlimited','ben','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',NULL,27,'active',12,'one','{}','{}',NULL);
INSERT INTO "chat_sessions" VALUES('empty','ana','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',NULL,0,'active',0,'two','{}','{}',NULL);
INSERT INTO "chat_sessions" VALUES('rewritten','ana','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',1769817600,2,'active',1,'three','{}','{}',NULL);
INSERT INTO "chat_sessions" VALUES('miscounted','ana','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',NULL,2,'active',0,'four','{}','{}',NULL);
INSERT INTO "chat_sessions" VALUES('pruned','ana','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',1769817600,23,'active',1,'five','{}','{}',NULL);
INSERT INTO "chat_sessions" VALUES('expired','ana','2026-01-01T00:00:00.000000Z','2026-01-01T00:00:00.000000Z',1767225599,1,'active',0,'six','{}','{}',NULL);
CREATE INDEX chat_sessions_by_user ON chat_sessions (user_id, created_at, session_id);
