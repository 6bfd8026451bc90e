PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL);
INSERT INTO migrations VALUES(1,1795348889244);
INSERT INTO migrations VALUES(2,1795348889244);
INSERT INTO migrations VALUES(3,1795348889244);
INSERT INTO migrations VALUES(4,1795348889244);
INSERT INTO migrations VALUES(5,1795348889244);
INSERT INTO migrations VALUES(6,1795348889244);
INSERT INTO migrations VALUES(7,1795348889244);
INSERT INTO migrations VALUES(8,1795348889244);
INSERT INTO migrations VALUES(9,1795348889244);
INSERT INTO migrations VALUES(11,1795348889244);
INSERT INTO migrations VALUES(12,1795348889244);
INSERT INTO migrations VALUES(13,1795348889244);
INSERT INTO migrations VALUES(14,1795348889244);
INSERT INTO migrations VALUES(15,1795348889244);
INSERT INTO migrations VALUES(16,1795348889244);
INSERT INTO migrations VALUES(17,1795348889244);
INSERT INTO migrations VALUES(18,1795348889244);
INSERT INTO migrations VALUES(19,1795348889244);
INSERT INTO migrations VALUES(20,1795348889244);
INSERT INTO migrations VALUES(21,1795348889244);
INSERT INTO migrations VALUES(22,1795348889244);
CREATE TABLE calls (
	id              TEXT PRIMARY KEY,
	node            TEXT NOT NULL,
	sip_call_id     TEXT NOT NULL,
	line            TEXT NOT NULL,
	language        TEXT NOT NULL,
	direction       TEXT NOT NULL,
	caller          BYTEA,
	caller_hash     TEXT NOT NULL,
	caller_tail     TEXT NOT NULL,
	called          BYTEA,
	called_hash     TEXT NOT NULL,
	called_tail     TEXT NOT NULL,
	started_at      BIGINT NOT NULL,
	answered_at     BIGINT,
	ended_at        BIGINT,
	duration_ms     BIGINT NOT NULL DEFAULT 0,
	outcome         TEXT NOT NULL,
	transfer_reason TEXT NOT NULL,
	agent           TEXT NOT NULL,
	end_cause       TEXT NOT NULL,
	error           BYTEA,
	recording       TEXT NOT NULL,
	summary         BYTEA,
	codec           TEXT NOT NULL,
	media           TEXT NOT NULL
, signalling BYTEA, trunk TEXT NOT NULL DEFAULT '', sip_status BIGINT NOT NULL DEFAULT 0, end_reason BYTEA, satisfaction BIGINT NOT NULL DEFAULT 0);
INSERT INTO calls VALUES('01M81J4733FVS7Y6090890YG6G','main','yBVksn7YEk34b9iSoa84iVsu','chinese','zh','inbound',X'01cd1a54bc8d8d021ce2e16e46753dcfeb8fa1a227aef6f6eb8b88cfcbad3ce76456da26c58046154af1461f','dcc4bc2d94bb86745d8e8c63636f2ffc','0892abeaea6a28b68efe340248fa24b6',X'01cd1a54bcefc534a08fde505f96fe06f91a0cdbcf148fd05f4d14cdac96a2d3ff2b4afc57','115a839687bce919da148d633f3f80ed','0892abeaea6a28b68efe340248fa24b6',1795348896867,1795348896869,1795348903870,7001,'unresolved','','','caller_hangup',NULL,'recordings/2026/11/22/01M81J4733FVS7Y6090890YG6G.wav',NULL,'PCMA','{"security":"plain","received":349,"sent":340,"lost":0,"late":0,"concealed":6,"jitter_ms":5.299942,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":1,"far_jitter_ms":5}',X'01cd1a54bce72461910c2ede573ecc19ed82a7f79a8415e477b09e4fd0f8ab301b4ad9598330eaeeaa8de586badf2d2cb729','',0,X'01cd1a54bc5fc1bce22b892c7dc0a839e5f93c59ec27907539088987748504b0d940768549f25e95acb6ff051b854e6772bef9f5e6e2a5454a4772a9ae2d51a9b6cb59af437abb0c05ae10',0);
INSERT INTO calls VALUES('01M81J4E5WAPD9MT11T91E8VFC','main','K3E9a0nkdBqLE7i9mDjsH60W','chinese','zh','inbound',X'01cd1a54bca8738ac739d3530a63e7b683d6464f2e68a7b906d4d1e5b7255a0bd8a01c7b7f9ab2d782422e2b','9be6a5c178d93e2bafd3992843431aa3','76e84f29540b5214b7c5c6c8a6489630',X'01cd1a54bcee48e2d161200c35a9209df2bf59deb140b44d639b4016eff044233f1ed53b5e','115a839687bce919da148d633f3f80ed','0892abeaea6a28b68efe340248fa24b6',1795348904124,1795348904132,1795348911132,7000,'resolved','','','caller_hangup',NULL,'recordings/2026/11/22/01M81J4E5WAPD9MT11T91E8VFC.wav',NULL,'PCMA','{"security":"plain","received":349,"sent":327,"lost":0,"late":0,"concealed":7,"jitter_ms":9.291544,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":1,"far_jitter_ms":2.125}',X'01cd1a54bc30718107c8f013d155800542dfe8259254c0493936024846e58d152b33c165602f2ec5e7efe9e7417e141669be','',0,X'01cd1a54bc8f3b6bf0f8ded1c4b54ec8464b0c53cd738506c4671e7189c6472efa0e777eff64e6124741bc03218e6cff4fed43a332f4c6e1a4d4ff6168a99e9da65d93a39435b399cf04f9',0);
CREATE TABLE turns (
	call_id      TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	idx          BIGINT NOT NULL,
	at           BIGINT NOT NULL,
	speaker      TEXT NOT NULL,
	text         BYTEA,
	heard        BYTEA,
	start_ms     BIGINT NOT NULL,
	end_ms       BIGINT NOT NULL,
	response_ms  BIGINT NOT NULL,
	confidence   DOUBLE PRECISION NOT NULL,
	intent       TEXT NOT NULL,
	source       TEXT NOT NULL,
	knowledge_id TEXT NOT NULL,
	candidates   TEXT NOT NULL,
	timing       TEXT NOT NULL,
	emotion      TEXT NOT NULL,
	PRIMARY KEY (call_id, idx)
);
INSERT INTO turns VALUES('01M81J4733FVS7Y6090890YG6G',1,1795348901823,'bot',X'01cd1a54bc3b2ad2fc849e064df29e247f58c64fa49f585c0ffacbced68aedc3b3c44e6c0c6eca8d2f35eebaa04a6ce345af614b6ec1b4ce668d29093ad97c0ac2490f51df34ed65aecda2145bb95de2e42307bc33a0ce4e527d2194d0fa47245b250c4937355d9e55aca5005064eca6e28c21de4eb95b9f6a36aa7bf3d71f0e75735cbc15c743fd',X'01cd1a54bcad3619e6da0747b02e5c38ea2f75f84ba0a4897abf930c2051c24de69e47e6ec02a05e8e27a90c9f9f967f795bf25d0dfa41904e8667f6047f39c195a9b0813548c81665e988688281744db9a7a1752a25c553f529528a4b2f368cc020b5af4c112e742261328480f16e',9,4729,0,1.0,'greeting','command','','','','');
INSERT INTO turns VALUES('01M81J4733FVS7Y6090890YG6G',2,1795348903920,'bot',X'01cd1a54bcbfcc0fbb528ed4ac11fe269a072ad089a06897485069740680f7cafffde9fc5d1d3509b64cd5071df1bb327c5edee56c614f162ddecd3599b5a56dc5b13a793f7da1653de70d',X'01cd1a54bca95c33e2e40ca50da1158557a74135f84242b370edc5bf842b46f245ae34d3c84a9965f1a187f4df0aa9cf74fee91879be13b24b9acd03',4930,7010,0,0.97999999999999998223,'track','flow','track','','','');
INSERT INTO turns VALUES('01M81J4E5WAPD9MT11T91E8VFC',1,1795348909308,'bot',X'01cd1a54bc14f8972e50355673139f91e576866768804fc65425349ea62877d72ac5b68e60f67c9beac92f1d86c4fc82c4eff91ab8f18cf6946a4feefbfc65b2f8d150b3525a4982bd968b4abc62d0911e56a9109673cc80d4640e5a6a68a180ed9ad8e943c0578f202d5c1d5530b72cde5daa9fdaa203845a4fc280c9cf18bc3a56aac3cd07c6c7',X'01cd1a54bce25ecae2c8bb88e6f04d9c544a00591e887eb38577906e5f3f3e8167d20332ca0e4ab819cb33167e9e3ad6389d82a7260590411890f70618c8fbda70a716dc861b2f91cdf38f9131c050ec47a02eb12f5b988254f34d88dada4e9108e8d0e6e10482fd49dc3e8b48a884',32,4752,0,1.0,'greeting','command','','','','');
INSERT INTO turns VALUES('01M81J4E5WAPD9MT11T91E8VFC',2,1795348911137,'bot',X'01cd1a54bcdc2c8399f3c9be5e6f7d95a7137f00386f4f9993a3155cd84359b28df00823ed4a7e28471caf715f850e794ebf51894cbde39149f688e5e3fab5f8c65df6431d969aa6f4d5d53537b6d7377ca85798da996e3442183d940e23c9ce9f7f21a0cb9ade1937af4d3f69b37f6831b897786af5b3db',X'01cd1a54bc7343123b897af505b5c4c9956ec57c3f7565795c588a7988149575d4dd9efa86568972e55ceca0a6745b1aa9942c4cab6011d352',5148,6908,0,0.97999999999999998223,'return-how','knowledge','return-how','','','');
CREATE TABLE call_events (
	call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	seq     BIGINT NOT NULL,
	ms      BIGINT NOT NULL,
	kind    TEXT NOT NULL,
	data    BYTEA,
	PRIMARY KEY (call_id, seq)
);
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',1,0,'answered',X'01cd1a54bcf8bf439ab3d68681e3a9ae80af37bc46f8af5309af26ac24c6db96f45de580131cc4418f5373b77edd1df5ae');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',2,3028,'dtmf',X'01cd1a54bc6a283707995723fbeae7d0d50e14018537fd2fbce349cdfc428109e689f431db7314b5b428afe41d88');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',3,4910,'barge_in',X'01cd1a54bc19cf19dc02adba1ac6da74126c4829c29dcf36bc29528447a56a9c2469c287f6e2ca4680cb2997e7fe76f2fee8cc0ed3196aab805e28bfcb24ce81808aa951730197e5c9619ff8873c15bb0a645b33fe202db552a900805e60f249878bb4d5c6fe62114c0f2978f3a90717c3995d825ee70de6029f2ad391bf5ef2e4c58fffaad7f2cdf8db77');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',4,3,'intent',X'01cd1a54bcb4eb8a7ba088be3b37f1c1730616652dea5d48d01cf6776fe1bd76581175d113148717f0bd513648ce4103d581aa09b85a5cc85bda454dd832cebe32be936d368673be9a2ea2bfcc401b78943c8d1f4851960413727fbdac22b08ce98c36457ad96058e9cf');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',5,9,'say_start',X'01cd1a54bc37aeb20ea7ded18e940c430546208a8400edad1752c28f6c3e66de62303de099fff2c65b3e6bd8c2ee3e95be3e49170c4b20245814de6fc07440e69996a2c60092ff062b3bd39966f51397a1203d8e7a25c4dd0b16fc0c74c635554a60cd00031ebe80e4db2dfcfe457987a0ab2ec9342a997148d529362bf3edb7f46531e53a667b59fd53e740b1e8adfd85afec');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',6,4729,'say_end',NULL);
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',7,4910,'intent',X'01cd1a54bcb561789ff7f665e1b5b36d04e969554397c98ff5d2121a89a1596427b940fa4e644346dd22f8a9b267f0996fcc3dd871402415a133e4b9a5d428e11cbfa98674a709b9be7d0e69966ca1bc02321949ea52d205f34a290fe11195c05c75b234a4105084e4cf1245');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',8,4910,'flow_step',X'01cd1a54bc6e6282b079d21e2d433879c102bbdea848ade852cbe46098fbcb90bc3e461c7e54c3a3a5b9df6b6d603472e94e8af69c84320fb95751b2a118cc680a258808dc6d2440876219c4f9a446c4a93f17c9e3567808');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',9,4930,'say_start',X'01cd1a54bcb8bdc5f7477944539dbc91151fc7fc7d74219f8ac17f99b974f94d4b2f9df131c9f04b7436889e29b9877b17959e0c835c5dcb3bcf0f1a8198a9adfeddaafdc39ebb8ae89c66089a480822a6d7c39cccef');
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',10,7010,'say_end',NULL);
INSERT INTO call_events VALUES('01M81J4733FVS7Y6090890YG6G',11,7001,'hangup',X'01cd1a54bc0b6edcbebbc298a62480e4ff1c1d102f77864334d85cd1abd5c63290d5c8251e7afc8f3f145289b3be4769c2d672ed2e98b22d6b69');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',1,0,'answered',X'01cd1a54bc1b7fc038759ab6cee1401b43e5bb834ba43e08417ceac20d423b8c78c3ec2093ed4c312ab1a42ca38ed0f3d6');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',2,3006,'dtmf',X'01cd1a54bc81d756b155a7c8be82cdf459c1e32288ae872ec70337840f01d33b092bf1b84f26bde851f14a491b2b');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',3,5130,'barge_in',X'01cd1a54bcbd2bfbdc989a1710555308dbbb205b9abc4cb6bdb86040f6e18b24b4999414df584e6798ce69d847dd0462952df9e25539b5a844ae3297cc3d586f30a8ecb7f6a452c46fa1eef888db3348bf9281fcb71ba019110ffa04ce979c894d92d340772c72371e8b6c62d5fc4420f8e3d78e2585d617446b5e6e5c3392c5abf69d0c6980936a9974f0');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',4,0,'intent',X'01cd1a54bc028b7eefd2d4ef4edcbc8bb9ab843c1ea7d7a2d48f03a5501bf6319eab689b859dc6cd4f877ac351c97cdf8dd6bf670a366974ef1111d8b197e5d6980a3ad17ae5f732f013e01c3a6c7407bdd707cc2da77c6840d8608dffc3fc0b8c298f20efdc05dc47dd');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',5,32,'say_start',X'01cd1a54bc823dd937010e1c7fea72a5e8c5f874550acc4cec6403bcd820f4f7b4a2f786dc71c9d1ff10d82f2c05bafe70e6097c04c484076b787260fe804e3cb3486dd4d5a1d0cb61b042a1d87c577fe6997b5d8c6b8206501f436384c59e3ebe0a2244e592e8efdca0e2b9e4a95f5786ce4d7a835767600ba3b94e3583331da1b2a6adda6a7dec61a6a9a7b52d10351f2656');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',6,4752,'say_end',NULL);
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',7,5130,'intent',X'01cd1a54bcdd3c424b0a58f747f0f248a3413e525bd4e85a896adf5c246425e0332f0b8d9c9b418f3a0018caf99a318cd26b609645aa83f6363e7dc9b2cba37551c4abb4fe6d6f5728b585c234551867949215bb6b651af07dfd01c01e9c079d5b9c5168d274419da075b748a3c11a8935d0f0735e35f1f5813679');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',8,5148,'say_start',X'01cd1a54bc1caedca3d8a8d01475124190da31da97b2de8a10dccc9be7ac45117c12238aed1fbbe538fef523c260589b1a9e053a751bacf4f53a2a5c9f1ba0a0c321a9795f731830e6d9e3f3dc9d1876c37b848fd77320328f9b76a29ecbcd9ba3a4574b7cdbec77cf234b8142691db065dd6635762f65475191ff502aa49a23bc15af');
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',9,6908,'say_end',NULL);
INSERT INTO call_events VALUES('01M81J4E5WAPD9MT11T91E8VFC',10,7000,'hangup',X'01cd1a54bc965b6155e9a7c8d5fde11b3f80562aac3f568e71bd674a6b4b5a20d78595d42b8db64c0371ff3480bf90ee4b28d85f7c3ee03fd023');
CREATE TABLE wishes (
	id          TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	at_when     BYTEA,
	summary     BYTEA,
	reason      TEXT NOT NULL,
	fields      BYTEA,
	recording   TEXT NOT NULL,
	state       TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	done_at     BIGINT,
	done_by     TEXT NOT NULL
, transcript BYTEA, transcript_state TEXT NOT NULL DEFAULT '', transcript_tries BIGINT NOT NULL DEFAULT 0, transcript_after BIGINT NOT NULL DEFAULT 0, urgent BIGINT NOT NULL DEFAULT 0, wanted_at BIGINT, call_tries BIGINT NOT NULL DEFAULT 0, call_next BIGINT, calling TEXT NOT NULL DEFAULT '', call_trouble TEXT NOT NULL DEFAULT '');
CREATE TABLE users (
	id            TEXT PRIMARY KEY,
	name          TEXT NOT NULL UNIQUE,
	display_name  BYTEA,
	role          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	disabled      BIGINT NOT NULL,
	created_at    BIGINT NOT NULL
, agent TEXT NOT NULL DEFAULT '', teams TEXT NOT NULL DEFAULT '', totp BYTEA, totp_on BIGINT NOT NULL DEFAULT 0, totp_step BIGINT NOT NULL DEFAULT 0, password_at BIGINT NOT NULL DEFAULT 0);
INSERT INTO users VALUES('01M81J43A6PDFPAMWKX8PRGJJ3','admin',NULL,'admin','$argon2id$v=19$m=19456,t=2,p=1$YpJe9mQ9E5q4Wc3KzxM+UA$qwV3Df2SpY2Dy54RrKloEZJa7fw5IepXSgw2OvtfZJo',0,1795348892998,'','',NULL,0,0,1795348893220);
INSERT INTO users VALUES('01M81J4NE7YP7X0A33ERBEHT43','li',NULL,'supervisor','$argon2id$v=19$m=19456,t=2,p=1$hB5GM/DSjICZG9oYKI1gjw$MW+eXHzCxVElDR6LxqSUSLZI5hj+a8u6Tx4+DNWwjEA',0,1795348911559,'','',NULL,0,0,1795348911559);
CREATE TABLE sessions (
	hash       TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	csrf       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
, source BYTEA, program BYTEA);
CREATE TABLE api_tokens (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	role       TEXT NOT NULL,
	hash       TEXT NOT NULL UNIQUE,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	revoked_at BIGINT
, scopes TEXT NOT NULL DEFAULT '', used_at BIGINT);
CREATE TABLE agents (
	name         TEXT PRIMARY KEY,
	display_name BYTEA,
	skills       TEXT NOT NULL,
	realm        TEXT NOT NULL,
	ha1_md5      BYTEA,
	ha1_sha256   BYTEA,
	disabled     BIGINT NOT NULL,
	created_at   BIGINT NOT NULL
);
INSERT INTO agents VALUES('agent1',X'01cd1a54bc7bc352c05440f51214bb852e323e1d0a39c86ad5e4192141b8797014195875305d9c','["service","presales","aftersales","support"]','hotline',X'01cd1a54bc6573629ffdbdebb7095686b413a3ffeb63f6ee51cd577c91a53b0e1e797c66cb8a4b8edb7167554424b882e3ad7961f4dfbb3b2aabecf721029c7d37',X'01cd1a54bc12c5a6af19c104d7df3fde00778cc5fd5f0a5450e6049d048bccb6b7e83430fd3b80686a2c1ea632ea1011765281a91c4e086fecffda013487bef9f9510878db444b7315c3eecfa4e10bf7f42b50f6788f5a2289164b9c1ddb35dc17',0,1795348893224);
INSERT INTO agents VALUES('agent2',X'01cd1a54bc9b469290cd840bd52c64f0c81ff936d4fa61a86d8d2b2d5d2eaeb5a76b5928454ea9','["service","aftersales","support"]','hotline',X'01cd1a54bc42062a46ebdd9cad1b6b0f076a2bf884ff1b2a0e44f8f8b8809f4b546ccabedd4595b3430cafee908e7551835e20f941d0e0be1566c089affbcbc15c',X'01cd1a54bc8d4d5c6372a389e67841dd5ec05585fdb68e020a935f9022f5943aba656397cdebcef80fe1ca0728fe2168efaae15d18ac73d9755f1dae26f94a76e387d8926726d94a2a7ba698401d6b36b740a53f3a2f61ce9b3e0b13d6385c47cb',0,1795348893251);
INSERT INTO agents VALUES('agent3',X'01cd1a54bc5064e538b64ab6e7d340d4cae6529232e887f8f2b17ca5afeb32c03db58f21e6e5b0','["service","presales","support"]','hotline',X'01cd1a54bc9ed809620eefd9325f49c575c4cd87f6d4e30fc647688de804012517ec69272543ffe8127677ca646284609e7ada4606d3bec776e320c8bf80f3c0b1',X'01cd1a54bc5162bbdffa66abf6821d304baa4361256133c76587b7c048137daadae50afb0473eed3b1289112c93473851bf60a053a01222fb573bdf95ec863aaf9e59923b3a7abc9d401ef0454e8b75f6e8748bf35955e423efdf8c5e8a813b639',0,1795348893277);
CREATE TABLE settings (
	key        TEXT PRIMARY KEY,
	value      BYTEA,
	updated_at BIGINT NOT NULL
);
INSERT INTO settings VALUES('seal.check',X'01cd1a54bcf372dfd659daf703426a86ae942c826a63b5cb3eef63461f6cbf864c3ba2aaf2ef3222',1795348889324);
INSERT INTO settings VALUES('audit.head',X'01cd1a54bc60634b62f68f067f0f327dcc55ebaaed479efb7079bc86286a060d08c5554aa8d362d6a698752bbc7a48e2721316462a89c70401a433314478154ee2399c00eaae26a6f3b1819c9f660e499f63f53ade',1795348915770);
INSERT INTO settings VALUES('retention.known',X'01cd1a54bcf488b66713a364ed9e94db5305abcea300789dd28bcaa590e924b3941c20936fe357f7c98eb59436e87d4ce37416d2a86ee94e1f7f139aca346b96ba3268396c3b2123a1ddb73f24ae7532dbe59f78b28b06992463421ea43ec251479f100651e33936993e11949313',1795348893540);
INSERT INTO settings VALUES('customers.seen',X'01cd1a54bcbca969061a3a579082e0c9c66d3163ff830d3dfe2667ed64b50ce9ab273451544f62bcec4ca1de22e9d971f0313d1356bcb1e27bd1a5133890060d447c9dff1147718de1',1795348905507);
CREATE TABLE outbound_ledger (
	account TEXT NOT NULL,
	subject TEXT NOT NULL,
	since   BIGINT NOT NULL,
	until   BIGINT NOT NULL,
	amount  BIGINT NOT NULL,
	PRIMARY KEY (account, subject, since)
);
CREATE TABLE booking_counts (
	place TEXT PRIMARY KEY,
	taken BIGINT NOT NULL
);
CREATE TABLE bookings (
	id         TEXT PRIMARY KEY,
	place      TEXT NOT NULL,
	fields     BYTEA,
	created_at BIGINT NOT NULL
);
CREATE TABLE knowledge_versions (
	business TEXT NOT NULL,
	pair     TEXT NOT NULL,
	n        BIGINT NOT NULL,
	state    TEXT NOT NULL,
	body     TEXT NOT NULL,
	base     TEXT NOT NULL,
	author   TEXT NOT NULL,
	note     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (business, pair, n)
);
INSERT INTO knowledge_versions VALUES('retail-zh','q-69f2784fec',1,'draft','{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}','absent','HOTLINE_API_TOKEN','',1795348911936);
INSERT INTO knowledge_versions VALUES('retail-zh','q-69f2784fec',2,'review','{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}','absent','HOTLINE_API_TOKEN','',1795348911999);
CREATE TABLE agent_states (
	name       TEXT PRIMARY KEY,
	mode       TEXT NOT NULL,
	reason     TEXT NOT NULL,
	since      BIGINT NOT NULL,
	rest_until BIGINT,
	wrap_until BIGINT,
	idle       BIGINT
);
CREATE TABLE recovery_codes (
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash    TEXT NOT NULL,
	used_at BIGINT,
	PRIMARY KEY (user_id, hash)
);
CREATE TABLE login_attempts (
	account      TEXT NOT NULL,
	source       TEXT NOT NULL,
	failures     BIGINT NOT NULL,
	last_at      BIGINT NOT NULL,
	locked_until BIGINT NOT NULL,
	good_at      BIGINT NOT NULL,
	PRIMARY KEY (account, source)
);
CREATE TABLE audit_trail (
	seq     BIGINT PRIMARY KEY,
	at      BIGINT NOT NULL,
	actor   TEXT NOT NULL,
	role    TEXT NOT NULL,
	action  TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail  BYTEA,
	hash    TEXT NOT NULL
);
INSERT INTO audit_trail VALUES(1,1795348893483,'server','','retention-changed','',X'01cd1a54bca1c44bf2861e54c5d8f92c509f45e5cbcc330a0459bd161b7a0321953295b9278f8c5545994f1b4c5199d8e009cd408c28f6487b79e44b0b46b9941d69eb7bf87488527918945d83fd782fa3b3eb89743b8174ccac41181e00f191f0d2943fb50ad6a758e5f39663c8c6931013a2ffcc050a5b03f42c6a2d6aaaf74f75d4c9fdddf48b3d0caeed8db15e4a','d1519d749790d380d8603b9b377bbac8');
INSERT INTO audit_trail VALUES(2,1795348911597,'HOTLINE_API_TOKEN','admin','add-user','',X'01cd1a54bc645776c4eb0514c32802f3c73445e2908c07f700752750941868f2820146f644d294d081a923fe790f318891d7a0abdce378e59dbdf8370069bdff7dd3','27ed0d6a7c7df9097c3869924e1d79f7');
INSERT INTO audit_trail VALUES(3,1795348911696,'HOTLINE_API_TOKEN','admin','create-ticket','',X'01cd1a54bcdc9147b4f76b0c882195f32978b45e097288f0353f66f6658906f521f56ea1f4933b810fef46d07d91958368ba683229723971c4294acfcdc4a282e0686a2d3cf34a54','8328603dfe551d9748c5e1ede36721cb');
INSERT INTO audit_trail VALUES(4,1795348911767,'HOTLINE_API_TOKEN','admin','comment-ticket','01M81J4NFKZV6F04K0ENC39EBH',NULL,'5a2e879670bfdc45675e81b0148d13ac');
INSERT INTO audit_trail VALUES(5,1795348911932,'HOTLINE_API_TOKEN','admin','attach-file','01M81J4NFKZV6F04K0ENC39EBH',NULL,'f62d9d5d5df2d6827e5c4c5e7a33f526');
INSERT INTO audit_trail VALUES(6,1795348911995,'HOTLINE_API_TOKEN','admin','create-knowledge','',NULL,'e6807426e86200a99099fe41e96e8ab3');
INSERT INTO audit_trail VALUES(7,1795348912053,'HOTLINE_API_TOKEN','admin','submit-knowledge','q-69f2784fec',NULL,'90bbc9ed03bba8d6afe69509d0896288');
INSERT INTO audit_trail VALUES(8,1795348912139,'HOTLINE_API_TOKEN','admin','suppress','',NULL,'db53e567abcbe42bd4ba3cc33eeac5c2');
INSERT INTO audit_trail VALUES(9,1795348912218,'HOTLINE_API_TOKEN','admin','add-consent','',NULL,'3780c0211a2dc0abf8163edadfa15a86');
INSERT INTO audit_trail VALUES(10,1795348912329,'HOTLINE_API_TOKEN','admin','create-campaign','',NULL,'7d53a7cbae8157e7cf2d27c5346b19f3');
INSERT INTO audit_trail VALUES(11,1795348912504,'HOTLINE_API_TOKEN','admin','import-contacts','survey',X'01cd1a54bc1e06eabf19da375f77cd356ffb8831784cc0a14645d087356df4c68cf491eb94cd223e4a1a973edcc8b5168bf6ae6802621126c3','1af600d547d5923dd8e4e770b5080187');
INSERT INTO audit_trail VALUES(12,1795348912581,'HOTLINE_API_TOKEN','admin','start-campaign','survey',NULL,'9d25b4ff9ba49dc6841f5936f61a6e58');
INSERT INTO audit_trail VALUES(13,1795348913603,'server','','campaign-waits','survey',X'01cd1a54bc2ac87ba68cb5fa5718dc89fe2c0b483d4cc96b62b18e4cc08d8333f9f94ca6d33d37dcf9a684657dc2a4a3575e21b09ddd90ca80c50c1bb4','1838725bbc60b991b91548b02350c7ce');
INSERT INTO audit_trail VALUES(14,1795348915672,'HOTLINE_API_TOKEN','admin','numbers','',X'01cd1a54bc676062c5cfd3654a15c8e9f34c294593ce0d1a91908efef2d69008b7a4d749ac5288b1e0f1c48dea2fe67ea501dce0acbb8853a2cf52581a9cbd35aa9f930c7dd9cee68f29cd494a358d3d50198200dd133150a29a0cbcda8ffe49d09a840cb0afa7366fca892d','9d40fc2117331abf48872c3f3b292c7c');
INSERT INTO audit_trail VALUES(15,1795348915717,'HOTLINE_API_TOKEN','admin','numbers','01M81J4NFKZV6F04K0ENC39EBH',NULL,'410311549509fa335640e10062f33073');
INSERT INTO audit_trail VALUES(16,1795348915769,'HOTLINE_API_TOKEN','admin','list-suppressions','',NULL,'817631e2e541d4ea3be08033c997f8b7');
CREATE TABLE tickets (
	id          TEXT PRIMARY KEY,
	serial      BIGINT NOT NULL UNIQUE,
	kind        TEXT NOT NULL,
	state       TEXT NOT NULL,
	priority    BIGINT NOT NULL,
	owner       TEXT NOT NULL,
	team        TEXT NOT NULL,
	source      TEXT NOT NULL,
	made_by     TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	number_tail TEXT NOT NULL,
	summary     BYTEA,
	fields      BYTEA,
	made_at     BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	due_at      BIGINT,
	escalate_at BIGINT,
	escalated   BIGINT NOT NULL,
	closed_at   BIGINT,
	version     BIGINT NOT NULL
);
INSERT INTO tickets VALUES('01M81J4NFKZV6F04K0ENC39EBH',1001,'repair','open',1,'','','api','HOTLINE_API_TOKEN','',X'01cd1a54bc2e6ee24b027fd8fbd358e60d4b8dd3110d6e7b916eba7ba8a1af0fba881e578853dace68f0fff4','dcc4bc2d94bb86745d8e8c63636f2ffc','0892abeaea6a28b68efe340248fa24b6',X'01cd1a54bcf372780dc879ec53858b616c666627501329788b65ee65e7987ac050861e37fcb013def4efabf9be',X'01cd1a54bc6fb33a2a52678d0f6fa18c8195a953b456e4f389d5be825b5711b7e4a2bb',1795348911603,1795348911709,NULL,NULL,0,NULL,2);
CREATE TABLE ticket_notes (
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	seq       BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	kind      TEXT NOT NULL,
	data      BYTEA,
	PRIMARY KEY (ticket_id, seq)
);
INSERT INTO ticket_notes VALUES('01M81J4NFKZV6F04K0ENC39EBH',1,1795348911603,'HOTLINE_API_TOKEN','created',X'01cd1a54bcac138548ddc103cfacbb673b0dd526b9508eb815999073375f74d2af823c');
INSERT INTO ticket_notes VALUES('01M81J4NFKZV6F04K0ENC39EBH',2,1795348911709,'HOTLINE_API_TOKEN','comment',X'01cd1a54bc81986559ce3970c45785de40938a99bfd1759bbfc4bba3f5167cb8b251f68f75c8d85480ada0b25bb4d02df869519776580fd4f245a16d7379');
INSERT INTO ticket_notes VALUES('01M81J4NFKZV6F04K0ENC39EBH',3,1795348911900,'HOTLINE_API_TOKEN','file',X'01cd1a54bc0e4d6d2f72733c38059ad13f56a9c141173d603609bdbd89e11822289b33cb8a58656be1054666853fcb4003');
CREATE TABLE ticket_files (
	id        TEXT PRIMARY KEY,
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	name      BYTEA,
	type      TEXT NOT NULL,
	size      BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL
);
INSERT INTO ticket_files VALUES('01M81J4NRWEX84ZTTT1D6VWBC2','01M81J4NFKZV6F04K0ENC39EBH',X'01cd1a54bc1abbc67a6891d2aa3977b41a0975a7dc35f8c1ef84c0d30f5f54cbcf3142e6c703','text/plain',13,1795348911900,'HOTLINE_API_TOKEN');
CREATE TABLE ticket_parts (
	ticket_file_id TEXT NOT NULL REFERENCES ticket_files (id) ON DELETE CASCADE,
	seq            BIGINT NOT NULL,
	data           BYTEA,
	PRIMARY KEY (ticket_file_id, seq)
);
INSERT INTO ticket_parts VALUES('01M81J4NRWEX84ZTTT1D6VWBC2',0,X'01cd1a54bc1dcdc279825eaca0929b5bc9d6713c791d84c69d70a891ea43a7153a06cf2c0191c756f38e146d006031745c0de4ca72');
CREATE TABLE ticket_tokens (
	token     BIGINT NOT NULL,
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	PRIMARY KEY (token, ticket_id)
);
INSERT INTO ticket_tokens VALUES(319346,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(340368,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(717676,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(45576,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(473193,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(616466,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(248415,'01M81J4NFKZV6F04K0ENC39EBH');
INSERT INTO ticket_tokens VALUES(179468,'01M81J4NFKZV6F04K0ENC39EBH');
CREATE TABLE deliveries (
	id         TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	ticket_id  TEXT NOT NULL,
	body       BYTEA,
	state      TEXT NOT NULL,
	tries      BIGINT NOT NULL,
	made_at    BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	last_error TEXT NOT NULL
);
CREATE TABLE reviews (
	id          TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	state       TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	proposed    BYTEA,
	decided     BYTEA,
	made_at     BIGINT NOT NULL,
	decided_at  BIGINT,
	decided_by  TEXT NOT NULL,
	send_at     BIGINT,
	sent_at     BIGINT,
	version     BIGINT NOT NULL
);
CREATE TABLE review_notes (
	review_id TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
	seq       BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	kind      TEXT NOT NULL,
	data      BYTEA,
	PRIMARY KEY (review_id, seq)
);
CREATE TABLE customers (
	id          TEXT PRIMARY KEY,
	number_hash TEXT NOT NULL,
	name        BYTEA,
	tags        BYTEA,
	notes       BYTEA,
	consents    BYTEA,
	tier        TEXT NOT NULL,
	language    TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	seen_at     BIGINT NOT NULL,
	version     BIGINT NOT NULL
);
INSERT INTO customers VALUES('01M81J47PGD2TYKZ6K166126V0','dcc4bc2d94bb86745d8e8c63636f2ffc',NULL,NULL,NULL,NULL,'','',1795348896867,1795348911603,1);
INSERT INTO customers VALUES('01M81J4FH3N3CF4SQ50WQFG7HD','9be6a5c178d93e2bafd3992843431aa3',NULL,NULL,NULL,NULL,'','',1795348904124,1795348904124,1);
CREATE TABLE customer_numbers (
	number_hash TEXT PRIMARY KEY,
	customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	number      BYTEA,
	number_tail TEXT NOT NULL
);
INSERT INTO customer_numbers VALUES('dcc4bc2d94bb86745d8e8c63636f2ffc','01M81J47PGD2TYKZ6K166126V0',X'01cd1a54bc3bdf8827435c6a80686e7ed4d69aaa48eba8b76f65b332be46659430309a482fd6e4016395097a','0892abeaea6a28b68efe340248fa24b6');
INSERT INTO customer_numbers VALUES('9be6a5c178d93e2bafd3992843431aa3','01M81J4FH3N3CF4SQ50WQFG7HD',X'01cd1a54bc31fed5308362b01621f838e4025a9b98eb0cb00f696782496a06b99b54bd91287c5d86436be921','76e84f29540b5214b7c5c6c8a6489630');
CREATE TABLE customer_tokens (
	token       BIGINT NOT NULL,
	customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	PRIMARY KEY (token, customer_id)
);
CREATE TABLE proposals (
	business   TEXT NOT NULL,
	id         TEXT NOT NULL,
	pair       TEXT NOT NULL,
	wording    BYTEA,
	source     TEXT NOT NULL,
	why        TEXT NOT NULL,
	confidence DOUBLE PRECISION NOT NULL,
	score      DOUBLE PRECISION NOT NULL,
	said       BIGINT NOT NULL,
	alike      BIGINT NOT NULL,
	state      TEXT NOT NULL,
	put_pair   TEXT NOT NULL DEFAULT '',
	put        BYTEA,
	made_at    BIGINT NOT NULL,
	decided_at BIGINT,
	decided_by TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (business, id)
);
CREATE TABLE search_calls (
	doc     BIGINT PRIMARY KEY,
	call_id TEXT NOT NULL UNIQUE REFERENCES calls (id) ON DELETE CASCADE
);
INSERT INTO search_calls VALUES(1,'01M81J4733FVS7Y6090890YG6G');
INSERT INTO search_calls VALUES(2,'01M81J4E5WAPD9MT11T91E8VFC');
CREATE TABLE search_tokens (
	token BIGINT NOT NULL,
	doc   BIGINT NOT NULL REFERENCES search_calls (doc) ON DELETE CASCADE,
	PRIMARY KEY (token, doc)
);
INSERT INTO search_tokens VALUES(575070,1);
INSERT INTO search_tokens VALUES(599562,1);
INSERT INTO search_tokens VALUES(82651,1);
INSERT INTO search_tokens VALUES(623379,1);
INSERT INTO search_tokens VALUES(1019738,1);
INSERT INTO search_tokens VALUES(236368,1);
INSERT INTO search_tokens VALUES(611442,1);
INSERT INTO search_tokens VALUES(139038,1);
INSERT INTO search_tokens VALUES(873936,1);
INSERT INTO search_tokens VALUES(515337,1);
INSERT INTO search_tokens VALUES(376394,1);
INSERT INTO search_tokens VALUES(159151,1);
INSERT INTO search_tokens VALUES(498187,1);
INSERT INTO search_tokens VALUES(258157,1);
INSERT INTO search_tokens VALUES(685639,1);
INSERT INTO search_tokens VALUES(536438,1);
INSERT INTO search_tokens VALUES(698523,1);
INSERT INTO search_tokens VALUES(356976,1);
INSERT INTO search_tokens VALUES(705048,1);
INSERT INTO search_tokens VALUES(458240,1);
INSERT INTO search_tokens VALUES(588533,1);
INSERT INTO search_tokens VALUES(991210,1);
INSERT INTO search_tokens VALUES(828557,1);
INSERT INTO search_tokens VALUES(248158,1);
INSERT INTO search_tokens VALUES(385491,1);
INSERT INTO search_tokens VALUES(429390,1);
INSERT INTO search_tokens VALUES(421492,1);
INSERT INTO search_tokens VALUES(993655,1);
INSERT INTO search_tokens VALUES(416187,1);
INSERT INTO search_tokens VALUES(22615,1);
INSERT INTO search_tokens VALUES(82672,1);
INSERT INTO search_tokens VALUES(214547,1);
INSERT INTO search_tokens VALUES(353554,1);
INSERT INTO search_tokens VALUES(383508,1);
INSERT INTO search_tokens VALUES(429390,2);
INSERT INTO search_tokens VALUES(214547,2);
INSERT INTO search_tokens VALUES(611686,2);
INSERT INTO search_tokens VALUES(416187,2);
INSERT INTO search_tokens VALUES(714833,2);
INSERT INTO search_tokens VALUES(897686,2);
INSERT INTO search_tokens VALUES(236368,2);
INSERT INTO search_tokens VALUES(536438,2);
INSERT INTO search_tokens VALUES(828557,2);
INSERT INTO search_tokens VALUES(991210,2);
INSERT INTO search_tokens VALUES(546547,2);
INSERT INTO search_tokens VALUES(595435,2);
INSERT INTO search_tokens VALUES(747480,2);
INSERT INTO search_tokens VALUES(611442,2);
INSERT INTO search_tokens VALUES(383508,2);
INSERT INTO search_tokens VALUES(458240,2);
INSERT INTO search_tokens VALUES(648055,2);
INSERT INTO search_tokens VALUES(310323,2);
INSERT INTO search_tokens VALUES(202652,2);
INSERT INTO search_tokens VALUES(159151,2);
INSERT INTO search_tokens VALUES(623379,2);
INSERT INTO search_tokens VALUES(264833,2);
INSERT INTO search_tokens VALUES(356976,2);
INSERT INTO search_tokens VALUES(139038,2);
INSERT INTO search_tokens VALUES(858144,2);
INSERT INTO search_tokens VALUES(466602,2);
INSERT INTO search_tokens VALUES(740316,2);
INSERT INTO search_tokens VALUES(515337,2);
INSERT INTO search_tokens VALUES(303233,2);
INSERT INTO search_tokens VALUES(248158,2);
INSERT INTO search_tokens VALUES(739387,2);
INSERT INTO search_tokens VALUES(157970,2);
INSERT INTO search_tokens VALUES(777319,2);
INSERT INTO search_tokens VALUES(421492,2);
INSERT INTO search_tokens VALUES(873936,2);
INSERT INTO search_tokens VALUES(82651,2);
INSERT INTO search_tokens VALUES(385491,2);
INSERT INTO search_tokens VALUES(993655,2);
INSERT INTO search_tokens VALUES(1019738,2);
INSERT INTO search_tokens VALUES(239690,2);
INSERT INTO search_tokens VALUES(287126,2);
INSERT INTO search_tokens VALUES(588533,2);
INSERT INTO search_tokens VALUES(785982,2);
INSERT INTO search_tokens VALUES(425848,2);
INSERT INTO search_tokens VALUES(258157,2);
INSERT INTO search_tokens VALUES(81064,2);
INSERT INTO search_tokens VALUES(599562,2);
CREATE TABLE assessments (
	id          TEXT PRIMARY KEY,
	call_id     TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	subject     TEXT NOT NULL,
	line        TEXT NOT NULL,
	sheet       TEXT NOT NULL,
	source      TEXT NOT NULL,
	week        TEXT NOT NULL,
	state       TEXT NOT NULL,
	found       BIGINT,
	score       BIGINT,
	passed      BIGINT,
	judged      BYTEA,
	review      BYTEA,
	reply       BYTEA,
	made_at     BIGINT NOT NULL,
	reviewer    TEXT NOT NULL,
	reviewed_at BIGINT,
	replied_at  BIGINT,
	version     BIGINT NOT NULL
);
CREATE TABLE wrapups (
	id         TEXT PRIMARY KEY,
	call_id    TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	agent      TEXT NOT NULL,
	draft      BYTEA,
	working    BYTEA,
	saved      BYTEA,
	how        TEXT NOT NULL,
	seconds    BIGINT NOT NULL,
	made_at    BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	saved_at   BIGINT
);
CREATE TABLE flow_versions (
	business TEXT NOT NULL,
	file     TEXT NOT NULL,
	n        BIGINT NOT NULL,
	state    TEXT NOT NULL,
	body     TEXT NOT NULL,
	author   TEXT NOT NULL,
	note     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (business, file, n)
);
CREATE TABLE rule_versions (
	business TEXT NOT NULL,
	version  BIGINT NOT NULL,
	made_at  BIGINT NOT NULL,
	made_by  TEXT NOT NULL,
	changed  TEXT NOT NULL,
	stamp    TEXT NOT NULL,
	undoes   BIGINT NOT NULL,
	before   BYTEA,
	after    BYTEA,
	PRIMARY KEY (business, version)
);
CREATE TABLE campaigns (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	state      TEXT NOT NULL,
	priority   BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	definition TEXT NOT NULL,
	tokens     DOUBLE PRECISION NOT NULL,
	tokens_at  BIGINT NOT NULL,
	hang_up    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
INSERT INTO campaigns VALUES('survey','收货三天回访','running',0,1,'{"id":"survey","name":"收货三天回访","state":"draft","line":"chinese","purpose":"survey","mode":"agentless","variants":[{"name":"直接说","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想用半分钟问问您买的{商品}好不好用，不想答，说一声就行。","task":"call-survey"},{"name":"先问方便","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想回访一下您买的{商品}，只有两个问题，不方便随时可以挂。","task":"call-survey"}],"windows":{"days":[[{"From":600,"To":720},{"From":900,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":600,"To":720},{"From":900,"To":1200}]],"holidays":[{"name":"春节","first":"2027-02-05T00:00:00Z","last":"2027-02-07T00:00:00Z"}]},"priority":0,"concurrency":0,"per_second":0,"order":"newest","attempts":2,"caps":{"per_day":0,"per_week":1,"per_campaign":0},"goals":[{"name":"答完","slot":"score"}],"cost_per_goal":5,"created_at":"2026-11-22T12:01:52.298Z","created_by":"HOTLINE_API_TOKEN","version":1}',0.0,0,0,1795348912298,'HOTLINE_API_TOKEN',1795348912555);
CREATE TABLE campaign_versions (
	campaign_id TEXT NOT NULL,
	version     BIGINT NOT NULL,
	definition  TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	made_by     TEXT NOT NULL,
	PRIMARY KEY (campaign_id, version)
);
INSERT INTO campaign_versions VALUES('survey',1,'{"id":"survey","name":"收货三天回访","state":"draft","line":"chinese","purpose":"survey","mode":"agentless","variants":[{"name":"直接说","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想用半分钟问问您买的{商品}好不好用，不想答，说一声就行。","task":"call-survey"},{"name":"先问方便","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想回访一下您买的{商品}，只有两个问题，不方便随时可以挂。","task":"call-survey"}],"windows":{"days":[[{"From":600,"To":720},{"From":900,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":600,"To":720},{"From":900,"To":1200}]],"holidays":[{"name":"春节","first":"2027-02-05T00:00:00Z","last":"2027-02-07T00:00:00Z"}]},"priority":0,"concurrency":0,"per_second":0,"order":"newest","attempts":2,"caps":{"per_day":0,"per_week":1,"per_campaign":0},"goals":[{"name":"答完","slot":"score"}],"cost_per_goal":5,"created_at":"2026-11-22T12:01:52.298Z","created_by":"HOTLINE_API_TOKEN","version":1}',1795348912298,'HOTLINE_API_TOKEN');
CREATE TABLE campaign_ids (
	name TEXT PRIMARY KEY,
	next BIGINT NOT NULL
);
INSERT INTO campaign_ids VALUES('contacts',1000);
CREATE TABLE contacts (
	id          INTEGER PRIMARY KEY,
	campaign_id TEXT NOT NULL,
	number_hash TEXT NOT NULL,
	person      BYTEA,
	zone        TEXT NOT NULL,
	rank        BIGINT NOT NULL,
	place       BIGINT NOT NULL,
	variant     TEXT NOT NULL,
	agent       TEXT NOT NULL,
	state       TEXT NOT NULL,
	reason      TEXT NOT NULL,
	due         BIGINT NOT NULL,
	made        BIGINT NOT NULL,
	callback    BIGINT NOT NULL,
	added_at    BIGINT NOT NULL
);
INSERT INTO contacts VALUES(1,'survey','a615679f98fe0aa3ef7b8332fa891d2e',X'01cd1a54bcd0a9ae76862aad4d7418f750c24eeb6d1b88bf63f385fc84c0fdda6bcc03597022fd95b587086731b32474e6df8a3a0b79ddfc3ef9571e1ea0f74ce90bdce4bb39b2d8db1d0c7d9d651049d59e13655b0b305eda2fd5f78e3e14df85e3','',0,-1,'','','waiting','outside_window',1795428000000,0,0,1795348912474);
INSERT INTO contacts VALUES(2,'survey','2944d4befaca71374861b6fa31f038c7',X'01cd1a54bcdd82f41a6f6b2671eb76f38267419f97bbb59b95e5d2e574be20be90fc448fa10d4bbb268f168b364948c236a0d61f4d61aaf87f882dc68f34ca74d1667a12ff25d75b482f802a1f9682f7e3ff4222c2830251851d46a3815cd035d60e','',0,-2,'','','waiting','outside_window',1795428000000,0,0,1795348912474);
INSERT INTO contacts VALUES(3,'survey','d8d2b70cd706bed70e83c9221b7a89de',X'01cd1a54bcb8d661b75aac27455a51acff91cc4c939821c6879953f9913ae44a27d7669b75943da4636ca7e003930ea116e562faf60f0372ada42d67f58cbf121de01432436ffa392087fd0e24bc56ab9d16433797c86326bc23e5707c41e0f9a300','',0,-3,'','','waiting','outside_window',1795428000000,0,0,1795348912474);
CREATE TABLE attempts (
	id          INTEGER PRIMARY KEY,
	campaign_id TEXT NOT NULL,
	contact_id  BIGINT NOT NULL,
	number_hash TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	node        TEXT NOT NULL,
	variant     TEXT NOT NULL,
	number      BIGINT NOT NULL,
	ground      TEXT NOT NULL,
	day         TEXT NOT NULL,
	claimed_at  BIGINT NOT NULL,
	settled_at  BIGINT,
	outcome     TEXT NOT NULL,
	goal        TEXT NOT NULL,
	refused     BIGINT NOT NULL,
	answered    BIGINT NOT NULL,
	seconds     DOUBLE PRECISION NOT NULL,
	cost        DOUBLE PRECISION NOT NULL,
	trunk       TEXT NOT NULL,
	result      BYTEA
, ahead BIGINT NOT NULL DEFAULT 0);
CREATE TABLE number_days (
	number_hash TEXT NOT NULL,
	day         TEXT NOT NULL,
	campaign_id TEXT NOT NULL,
	calls       BIGINT NOT NULL,
	PRIMARY KEY (number_hash, day, campaign_id)
);
CREATE TABLE refusals (
	contact_id  BIGINT NOT NULL,
	day         TEXT NOT NULL,
	reason      TEXT NOT NULL,
	campaign_id TEXT NOT NULL,
	ground      TEXT NOT NULL,
	first_at    BIGINT NOT NULL,
	last_at     BIGINT NOT NULL,
	times       BIGINT NOT NULL,
	PRIMARY KEY (contact_id, day, reason)
);
INSERT INTO refusals VALUES(3,'2026-11-22','outside_window','survey','outside_window|10:00-12:00, 15:00-20:00|20:01|Asia/Shanghai',1795348913571,1795348913571,1);
INSERT INTO refusals VALUES(2,'2026-11-22','outside_window','survey','outside_window|10:00-12:00, 15:00-20:00|20:01|Asia/Shanghai',1795348913571,1795348913571,1);
INSERT INTO refusals VALUES(1,'2026-11-22','outside_window','survey','outside_window|10:00-12:00, 15:00-20:00|20:01|Asia/Shanghai',1795348913646,1795348913646,1);
CREATE TABLE consents (
	number_hash TEXT NOT NULL,
	purpose     TEXT NOT NULL,
	at          BIGINT NOT NULL,
	given       BIGINT NOT NULL,
	number      BYTEA,
	how         BYTEA,
	by_whom     TEXT NOT NULL,
	file        BYTEA,
	PRIMARY KEY (number_hash, purpose, at)
);
INSERT INTO consents VALUES('d5acc924cad393fc5931ad65de3a9944','service',1795348912158,1,X'01cd1a54bcee7b01c4e2d872e5370bb8e528a86326001e7ba67d60e7ff3d686af7244c63c313eff0f24ef01fc81046',X'01cd1a54bc549aaa689638564850e68faab891500b545a2b54c8ebaf515803678fc9ec155e4efe4dd48985e611','HOTLINE_API_TOKEN',NULL);
CREATE TABLE suppressions (
	subject TEXT NOT NULL,
	list    TEXT NOT NULL,
	purpose TEXT NOT NULL,
	at      BIGINT NOT NULL,
	until   BIGINT,
	how     TEXT NOT NULL,
	call    TEXT NOT NULL,
	PRIMARY KEY (subject, list, purpose)
);
INSERT INTO suppressions VALUES('0f47b1bdf1f46628313e507d24921362','own','',1795348912081,NULL,'by HOTLINE_API_TOKEN','');
CREATE TABLE suppressed_numbers (
	number_hash TEXT PRIMARY KEY,
	subject     TEXT NOT NULL UNIQUE,
	number      BYTEA
);
INSERT INTO suppressed_numbers VALUES('2944d4befaca71374861b6fa31f038c7','0f47b1bdf1f46628313e507d24921362',X'01cd1a54bcfc3226d5181cb65151cbe1461059a19035f29b49f8629005b2964bf11c20d9df42a559ec00d62b2b25a0');
CREATE TABLE trigger_keys (
	name       TEXT NOT NULL,
	key        TEXT NOT NULL,
	contact_id BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	PRIMARY KEY (name, key)
);
CREATE TABLE campaign_nodes (
	node    TEXT PRIMARY KEY,
	seen_at BIGINT NOT NULL
);
INSERT INTO campaign_nodes VALUES('main',1795348913544);
CREATE TABLE alerts (
	id        TEXT PRIMARY KEY,
	node      TEXT NOT NULL,
	call_id   TEXT NOT NULL,
	kind      TEXT NOT NULL,
	line      TEXT NOT NULL,
	agent     TEXT NOT NULL,
	at_ms     BIGINT NOT NULL,
	grave     BIGINT NOT NULL,
	why       BYTEA,
	raised_at BIGINT NOT NULL,
	over_at   BIGINT,
	seen_at   BIGINT,
	seen_by   TEXT NOT NULL,
	done_at   BIGINT,
	done_by   TEXT NOT NULL
);
CREATE INDEX calls_started ON calls (started_at, id);
CREATE INDEX calls_duration ON calls (duration_ms, id);
CREATE INDEX calls_line ON calls (line, started_at);
CREATE INDEX calls_outcome ON calls (outcome, started_at);
CREATE INDEX calls_caller ON calls (caller_hash);
CREATE INDEX calls_called ON calls (called_hash);
CREATE INDEX calls_live ON calls (node) WHERE ended_at IS NULL;
CREATE INDEX turns_response ON turns (at) WHERE response_ms > 0;
CREATE INDEX wishes_state ON wishes (state, created_at, id);
CREATE INDEX wishes_call ON wishes (call_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX outbound_ledger_until ON outbound_ledger (until);
CREATE INDEX calls_trunk ON calls (trunk, started_at);
CREATE INDEX bookings_place ON bookings (place, created_at);
CREATE INDEX knowledge_versions_state ON knowledge_versions (business, state, pair, n);
CREATE INDEX login_attempts_source ON login_attempts (source, last_at);
CREATE INDEX login_attempts_last ON login_attempts (last_at);
CREATE INDEX audit_trail_at ON audit_trail (at, seq);
CREATE INDEX audit_trail_actor ON audit_trail (actor, seq);
CREATE INDEX audit_trail_action ON audit_trail (action, seq);
CREATE INDEX audit_trail_subject ON audit_trail (subject, seq);
CREATE INDEX tickets_made ON tickets (made_at, id);
CREATE INDEX tickets_state ON tickets (state, made_at, id);
CREATE INDEX tickets_number ON tickets (number_hash);
CREATE INDEX tickets_call ON tickets (call_id);
CREATE INDEX tickets_escalate ON tickets (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX ticket_files_ticket ON ticket_files (ticket_id);
CREATE INDEX ticket_tokens_ticket ON ticket_tokens (ticket_id);
CREATE INDEX deliveries_next ON deliveries (state, next_at);
CREATE INDEX reviews_state ON reviews (state, made_at, id);
CREATE INDEX reviews_send ON reviews (send_at) WHERE send_at IS NOT NULL;
CREATE INDEX reviews_number ON reviews (number_hash);
CREATE INDEX reviews_call ON reviews (call_id);
CREATE INDEX customers_seen ON customers (seen_at, id);
CREATE INDEX customer_numbers_customer ON customer_numbers (customer_id);
CREATE INDEX customer_numbers_tail ON customer_numbers (number_tail);
CREATE INDEX customer_tokens_customer ON customer_tokens (customer_id);
CREATE INDEX proposals_state ON proposals (business, state, score, id);
CREATE INDEX search_tokens_doc ON search_tokens (doc);
CREATE UNIQUE INDEX assessments_call ON assessments (call_id, subject);
CREATE INDEX assessments_made ON assessments (made_at, id);
CREATE INDEX assessments_week ON assessments (week, subject);
CREATE INDEX wrapups_call ON wrapups (call_id);
CREATE INDEX wrapups_open ON wrapups (agent, changed_at);
CREATE INDEX wrapups_saved ON wrapups (saved_at) WHERE saved_at IS NOT NULL;
CREATE INDEX wishes_transcript ON wishes (transcript_state, transcript_after);
CREATE UNIQUE INDEX contacts_number ON contacts (number_hash, campaign_id);
CREATE INDEX contacts_due ON contacts (campaign_id, state, due, place, id);
CREATE INDEX attempts_contact ON attempts (contact_id, id);
CREATE INDEX attempts_campaign ON attempts (campaign_id, claimed_at);
CREATE INDEX attempts_call ON attempts (call_id);
CREATE INDEX attempts_open ON attempts (campaign_id, node) WHERE settled_at IS NULL;
CREATE INDEX attempts_in_use ON attempts (number_hash) WHERE settled_at IS NULL;
CREATE INDEX number_days_day ON number_days (day);
CREATE INDEX refusals_campaign ON refusals (campaign_id, reason);
CREATE INDEX suppressions_at ON suppressions (at, subject);
CREATE INDEX trigger_keys_at ON trigger_keys (at);
CREATE INDEX alerts_raised ON alerts (node, raised_at);
CREATE INDEX alerts_call ON alerts (call_id);
CREATE INDEX wishes_wanted ON wishes (kind, state, wanted_at);
CREATE INDEX attempts_settled ON attempts (campaign_id, settled_at);
CREATE INDEX attempts_abandoned ON attempts (number_hash) WHERE outcome = 'abandoned';
COMMIT;
