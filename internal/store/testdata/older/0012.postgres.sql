CREATE TABLE public.agent_states (
    name text NOT NULL,
    mode text NOT NULL,
    reason text NOT NULL,
    since bigint NOT NULL,
    rest_until bigint,
    wrap_until bigint,
    idle bigint
);
CREATE TABLE public.agents (
    name text NOT NULL,
    display_name bytea,
    skills text NOT NULL,
    realm text NOT NULL,
    ha1_md5 bytea,
    ha1_sha256 bytea,
    disabled bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.api_tokens (
    id text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    hash text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    scopes text DEFAULT ''::text NOT NULL,
    used_at bigint
);
CREATE TABLE public.audit_trail (
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail bytea,
    hash text NOT NULL
);
CREATE TABLE public.booking_counts (
    place text NOT NULL,
    taken bigint NOT NULL
);
CREATE TABLE public.bookings (
    id text NOT NULL,
    place text NOT NULL,
    fields bytea,
    created_at bigint NOT NULL
);
CREATE TABLE public.call_events (
    call_id text NOT NULL,
    seq bigint NOT NULL,
    ms bigint NOT NULL,
    kind text NOT NULL,
    data bytea
);
CREATE TABLE public.calls (
    id text NOT NULL,
    node text NOT NULL,
    sip_call_id text NOT NULL,
    line text NOT NULL,
    language text NOT NULL,
    direction text NOT NULL,
    caller bytea,
    caller_hash text NOT NULL,
    caller_tail text NOT NULL,
    called bytea,
    called_hash text NOT NULL,
    called_tail text NOT NULL,
    started_at bigint NOT NULL,
    answered_at bigint,
    ended_at bigint,
    duration_ms bigint DEFAULT 0 NOT NULL,
    outcome text NOT NULL,
    transfer_reason text NOT NULL,
    agent text NOT NULL,
    end_cause text NOT NULL,
    error bytea,
    recording text NOT NULL,
    summary bytea,
    codec text NOT NULL,
    media text NOT NULL,
    signalling bytea,
    trunk text DEFAULT ''::text NOT NULL,
    sip_status bigint DEFAULT 0 NOT NULL,
    end_reason bytea,
    satisfaction bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.customer_numbers (
    number_hash text NOT NULL,
    customer_id text NOT NULL,
    number bytea,
    number_tail text NOT NULL
);
CREATE TABLE public.customer_tokens (
    token bigint NOT NULL,
    customer_id text NOT NULL
);
CREATE TABLE public.customers (
    id text NOT NULL,
    number_hash text NOT NULL,
    name bytea,
    tags bytea,
    notes bytea,
    consents bytea,
    tier text NOT NULL,
    language text NOT NULL,
    made_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE public.deliveries (
    id text NOT NULL,
    kind text NOT NULL,
    ticket_id text NOT NULL,
    body bytea,
    state text NOT NULL,
    tries bigint NOT NULL,
    made_at bigint NOT NULL,
    next_at bigint NOT NULL,
    last_error text NOT NULL
);
CREATE TABLE public.knowledge_versions (
    business text NOT NULL,
    pair text NOT NULL,
    n bigint NOT NULL,
    state text NOT NULL,
    body text NOT NULL,
    base text NOT NULL,
    author text NOT NULL,
    note text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.login_attempts (
    account text NOT NULL,
    source text NOT NULL,
    failures bigint NOT NULL,
    last_at bigint NOT NULL,
    locked_until bigint NOT NULL,
    good_at bigint NOT NULL
);
CREATE TABLE public.migrations (
    version bigint NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.outbound_ledger (
    account text NOT NULL,
    subject text NOT NULL,
    since bigint NOT NULL,
    until bigint NOT NULL,
    amount bigint NOT NULL
);
CREATE TABLE public.proposals (
    business text NOT NULL,
    id text NOT NULL,
    pair text NOT NULL,
    wording bytea,
    source text NOT NULL,
    why text NOT NULL,
    confidence double precision NOT NULL,
    score double precision NOT NULL,
    said bigint NOT NULL,
    alike bigint NOT NULL,
    state text NOT NULL,
    put_pair text DEFAULT ''::text NOT NULL,
    put bytea,
    made_at bigint NOT NULL,
    decided_at bigint,
    decided_by text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.recovery_codes (
    user_id text NOT NULL,
    hash text NOT NULL,
    used_at bigint
);
CREATE TABLE public.review_notes (
    review_id text NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    data bytea
);
CREATE TABLE public.reviews (
    id text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    call_id text NOT NULL,
    number bytea,
    number_hash text NOT NULL,
    proposed bytea,
    decided bytea,
    made_at bigint NOT NULL,
    decided_at bigint,
    decided_by text NOT NULL,
    send_at bigint,
    sent_at bigint,
    version bigint NOT NULL
);
CREATE TABLE public.search_calls (
    doc bigint NOT NULL,
    call_id text NOT NULL
);
CREATE TABLE public.search_tokens (
    token bigint NOT NULL,
    doc bigint NOT NULL
);
CREATE TABLE public.sessions (
    hash text NOT NULL,
    user_id text NOT NULL,
    csrf text NOT NULL,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    source bytea,
    program bytea
);
CREATE TABLE public.settings (
    key text NOT NULL,
    value bytea,
    updated_at bigint NOT NULL
);
CREATE TABLE public.ticket_files (
    id text NOT NULL,
    ticket_id text NOT NULL,
    name bytea,
    type text NOT NULL,
    size bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL
);
CREATE TABLE public.ticket_notes (
    ticket_id text NOT NULL,
    seq bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    data bytea
);
CREATE TABLE public.ticket_parts (
    ticket_file_id text NOT NULL,
    seq bigint NOT NULL,
    data bytea
);
CREATE TABLE public.ticket_tokens (
    token bigint NOT NULL,
    ticket_id text NOT NULL
);
CREATE TABLE public.tickets (
    id text NOT NULL,
    serial bigint NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    priority bigint NOT NULL,
    owner text NOT NULL,
    team text NOT NULL,
    source text NOT NULL,
    made_by text NOT NULL,
    call_id text NOT NULL,
    number bytea,
    number_hash text NOT NULL,
    number_tail text NOT NULL,
    summary bytea,
    fields bytea,
    made_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    due_at bigint,
    escalate_at bigint,
    escalated bigint NOT NULL,
    closed_at bigint,
    version bigint NOT NULL
);
CREATE TABLE public.turns (
    call_id text NOT NULL,
    idx bigint NOT NULL,
    at bigint NOT NULL,
    speaker text NOT NULL,
    text bytea,
    heard bytea,
    start_ms bigint NOT NULL,
    end_ms bigint NOT NULL,
    response_ms bigint NOT NULL,
    confidence double precision NOT NULL,
    intent text NOT NULL,
    source text NOT NULL,
    knowledge_id text NOT NULL,
    candidates text NOT NULL,
    timing text NOT NULL,
    emotion text NOT NULL
);
CREATE TABLE public.users (
    id text NOT NULL,
    name text NOT NULL,
    display_name bytea,
    role text NOT NULL,
    password_hash text NOT NULL,
    disabled bigint NOT NULL,
    created_at bigint NOT NULL,
    agent text DEFAULT ''::text NOT NULL,
    teams text DEFAULT ''::text NOT NULL,
    totp bytea,
    totp_on bigint DEFAULT 0 NOT NULL,
    totp_step bigint DEFAULT 0 NOT NULL,
    password_at bigint DEFAULT 0 NOT NULL
);
CREATE TABLE public.wishes (
    id text NOT NULL,
    kind text NOT NULL,
    call_id text NOT NULL,
    number bytea,
    number_hash text NOT NULL,
    at_when bytea,
    summary bytea,
    reason text NOT NULL,
    fields bytea,
    recording text NOT NULL,
    state text NOT NULL,
    created_at bigint NOT NULL,
    done_at bigint,
    done_by text NOT NULL
);
INSERT INTO public.agents VALUES ('agent1', '\x01fe2079aedcd930d8c5727ee7fd501e3dea012a1cec585e658e853e336d93fb2336720430cb41', '["service","presales","aftersales","support"]', 'hotline', '\x01fe2079ae48a2a78d579a5cea5ebd4d3ffdd32ed2479fdb88b3fda5677ef1f5d013cbea93108d9d5b75e865068017884dcbbeaa4374c3c8a4c0d35c08bf601387', '\x01fe2079aef2cc319dd47a4f50b57b608f4374601f390272093d62ce81c68a84822acc7d71c9841aed78180ce67308b984678a97472883a8560181877929e070344f935c8b9c6b597a076639b0f92cd15b02c20d382e65c1436a88f61a9bab73bc', 0, 1795349003803);
INSERT INTO public.agents VALUES ('agent2', '\x01fe2079aed3c699f8331a8fe1452be90ca2f8cb4b64db22947808b83aa212ed9a944681a2bb44', '["service","aftersales","support"]', 'hotline', '\x01fe2079ae1dc63e080f6a252ce37adbf2fd3487e5551d19c46bb5a819679b8d5a5e218873a2cabca75685866c36a226c72e08757454c624f0d263e3a680e32445', '\x01fe2079aebb082746ff957b1a6b3f9efad466a21dc3535544f2497d8a5408e7ef105fe20c67629e4cc80641098093e3cd295ceb55296ec0f77948bdfb958f6523a886d09a63cfd27f0415b2ccd95fa1147a8d0e23a11237a200e6b03f7f296c1d', 0, 1795349003828);
INSERT INTO public.agents VALUES ('agent3', '\x01fe2079aee148f35618a44a2e7ebd2962b6a26c0874bc6f43a7bd60ca53cf6059a079f6b6cb1e', '["service","presales","support"]', 'hotline', '\x01fe2079aeb5503bdb917013c3a3bad193ac09ea17ded07df67571ae58dc3df13ee96f116a0aaa209e43624e38c9a7649c11717675575145c651e489965a2937f8', '\x01fe2079aeb2891cb1e95eccdd1be2db85ab485ee05e80f47f9ba4bf9c626dccaadb2c92e85b475dfa0f4534c845a37c8741967364b4d604bad3c979b1f72c6e3479ab5d458363d6cb8b8914b4fa7c5a98e6d1413d64c787b3ad2cc96455417a5a', 0, 1795349003854);
INSERT INTO public.audit_trail VALUES (1, 1795349003940, 'server', '', 'retention-changed', '', '\x01fe2079ae134cc996a2dd5bb77ed1f350208fe34f72e097e50a4f2394797cce061fd6164fc30f19fc235cfe149e5b689289ebd9cd71f68744979279956c3de02e3334e7b73a6d3a37aaca5738a2ba78dc0611c2297b2a3a60de1e6e994da4f2870819ef1d55c1f01c8a9f5abd462034bfc3d83d15fb2b915df6f468e04809f7c72ade77086fefce210dd20e1b715abd', 'e9454dfbf1e27a746299347a49fe6553');
INSERT INTO public.audit_trail VALUES (2, 1795349020902, 'HOTLINE_API_TOKEN', 'admin', 'add-user', '', '\x01fe2079ae7151928707b1418485150d1c5b51f89630a8bf3d01da6d2ddca71a75c75b24da86e01ba7b494c39630d34d15c3d9a205bf9041ddb298ac1844cf2042b5', '0e53563ea346bba33c61a971ce5ac1dc');
INSERT INTO public.audit_trail VALUES (3, 1795349021003, 'HOTLINE_API_TOKEN', 'admin', 'create-ticket', '', '\x01fe2079ae5117f059cce8a608cb40a2256f718fc51dac92013049309d0a65af055e587afcc7f4bd43bfacb92ddb4d3aef140824d778470154b2f6761f0bc3fca2ddabea9c5ef97a', '204e62cd366549821d3601b7544cd32e');
INSERT INTO public.audit_trail VALUES (4, 1795349021103, 'HOTLINE_API_TOKEN', 'admin', 'comment-ticket', '01M81J807946G0MNAVGP6ZKZZK', NULL, 'c45957928b3c1b8c931d0baaf44d6d62');
INSERT INTO public.audit_trail VALUES (5, 1795349021224, 'HOTLINE_API_TOKEN', 'admin', 'attach-file', '01M81J807946G0MNAVGP6ZKZZK', NULL, 'b4379d028842d83c29b8c8037dc89f88');
INSERT INTO public.audit_trail VALUES (6, 1795349021277, 'HOTLINE_API_TOKEN', 'admin', 'create-knowledge', '', NULL, '6fe9cf7b303f16bcbf30cba1e9edde6d');
INSERT INTO public.audit_trail VALUES (7, 1795349021342, 'HOTLINE_API_TOKEN', 'admin', 'submit-knowledge', 'q-69f2784fec', NULL, '676cf52acdd6aacba68c466199399be2');
INSERT INTO public.audit_trail VALUES (8, 1795349021369, 'HOTLINE_API_TOKEN', 'admin', 'numbers', '', '\x01fe2079ae1c7dd455c0915313d63d6affac6689e0565c7253ef3718d11971d47fdf2db80cb8199d85cd1ead1387a9a550f76a2b8cfe3affd8f8aa7d0823431aa9f979c6da894f5c686066f3ac453c7e8f0af7a5cf684a37be64ea1da26280eeef5d038aea574a92936f09d7', '884bc8835c5c1a4c3f4743347612e569');
INSERT INTO public.audit_trail VALUES (9, 1795349021397, 'HOTLINE_API_TOKEN', 'admin', 'numbers', '01M81J807946G0MNAVGP6ZKZZK', NULL, '08b8dd228d16886377ba412fbc95dc45');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 1, 0, 'answered', '\x01fe2079ae09f3adb23c7e4235baf2967ff195042d307b05efa55ca7d7ed869908f774682af5a3f971ae8f95e0e27ca3d7');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 2, 3040, 'dtmf', '\x01fe2079aeccf3f53e94e305611d271ee4195e089b0c05af6e2fb1816d1432464b2d0d2330c61e9e1c1955c170d8');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 3, 4705, 'barge_in', '\x01fe2079ae5322bf5ea6fc5c5803cbd464cb64377b9e8df3a91ff2e2a3825e64980c0930a4b315f4c09aa94e0f0eeff34ffab1e5f224d2d42907f992f61baf16446ad70188fabf14f44589b64c3d0453312201f75b61fe227178504e8825c0778415779dd1d9ddad95b5a53a8d41efc30946d26cf30fb12a94614792921e759f9c848206a3c48054650afa');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 4, 0, 'intent', '\x01fe2079ae1acd30b78e5fa98163da9372337b26e16d9eca63420145751c196080cba5988707324c6ff9e9caca1eac32bb55fcb902909e8579afc4d87fdc5378d4c37d11a1a1a7e83b57023ac36376435550d9f675bd15ea809d04d8567b501e64dc8a16a44ba0b50f06');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 5, 4, 'say_start', '\x01fe2079ae34472f500379f31c1226cf382ac660ff3b23f6cf72e0e3fccd52ac51571807f45cab6314d4ff55ae412f7dd502aeea5a19485ad2f5acfaff551ba18a6f68d5c98b561e6d1f08c290efe7435a29960193eb4fabf28456662d64db09b6678819588a86583318222ea3d32cbcf6fe9f06cfa9c606c8c487cd8645580b54845116255d2642651b3c78812c12d274e184');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 6, 4724, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 7, 4705, 'intent', '\x01fe2079ae0965cd5e1478599daee8a6ca7cad03ebecd0e45a32c7c817d9e213f07d281b0f7850d8de62561cadcd92a6326c4f1727c66f9b8baf6f8f4f594a41f166f76859d466f1af7c73367219fef947c8f70610b71b1482e5d80f8b63c70ab97bfc74f21cdf82db27c9b0');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 8, 4705, 'flow_step', '\x01fe2079ae3da030ff4703c48760928f56e7e53851b469923f492520a04d86b6e796ca79ac2f57514a34762383bc989806b24d3ad3872a06e16a3ffdf2d043a1ae4d15');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 9, 4748, 'say_start', '\x01fe2079aedd8eb02637e9e6ed0a1dedfd91519717de0fc4e22e42e04ab22cd9ca08ee384951d5625894256aa8fd54fb8cc2bc59ad03d89bb8193c8291abcc9028d0879fab8f495a4d10db9b444928199cd8fde6eed2');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 10, 7008, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 1, 0, 'answered', '\x01fe2079aeeedee9857df1593a50c229e3b299ea95cd78d4a61a69445aa7929925d9afcee63e7bfca02e941e7fa454d6a1');
INSERT INTO public.call_events VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 11, 7001, 'hangup', '\x01fe2079ae74c1e65a56ce5324894ea6a4e7a14bbb73c69fab7173173bd1ca60caafe4bd6ef28935514d453ea3214f89045e45753b82f50321ee');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 2, 3027, 'dtmf', '\x01fe2079ae1e8847f655a94d669b527001a994b050b49c49b3542aad86a63826c6751e93bac3d165c8d4267caf63');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 3, 4708, 'barge_in', '\x01fe2079ae2e135499896001ba98d2de8da2b4ccbe37108f3828a89b7518ef1b5a3fcc0255fc2497dfb677ae4d4e1dc36c1a54aa009d6942b6c8d7a7975ffdcd98f0053e6f0802e044df0e4a92a2046618ede88cb3d1d406e84acd4b6ec1ed2564938826971efeb74c8a93c821aa5322b9ca73def3bf71e4dba318e45e4a13c46e7fa0b8f09cd2147fcccd');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 4, 0, 'intent', '\x01fe2079ae635633c4fa904b3a00ccd21f29c9e36b2e535097eb6731f84d9417f119e0f471ed57c89069b32a29253c52a0269020ff5e03f1a9650b7a56bb8738ccf0cecf703439fa6b73211a9b2be9c97f9b839c226526f1dac4e3d0287ae125ed0cec016dadd22ee38b');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 5, 10, 'say_start', '\x01fe2079ae51986238a53b0f7144f7bd96c7e71ec82450d6fe54e145a8358ca806a7ecc060c6bc73e75e46a3c914648d3370376b7393a9917c622351484ff7d12410f85a372c58072596d5d1618eca0998e46787cec6c9f4025923e859b30d0aaea5e9314b9e8e50683203dfd0aa7e39b2026240922afe4c2d01f5abab9a838189a7a4a581984d99062e4c2ab071fa1bae9b8b');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 6, 4730, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 7, 4708, 'intent', '\x01fe2079aef45e352e69370bb84f59935ee75cfa29c5ae6dcc5563fb3e1a32f10a46058ff4077ea1f9268b6f717c1dc96ee440b599ab5ab78a3a9daad77441d37db8e43226c4810666bdff790bf996987b7a32945406dbfd90603ca44f03eae8eb19ab27d7ca9bb4818fa150c43a641df8f189363800ec7ce14c81');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 8, 4727, 'say_start', '\x01fe2079aec85f7c09bdfd3215a30c394a61b7eb60c46d7cc2e4f8fdf7b0cbdd8ef33ca5dcd29940a5cbb3f555a16973efd0fcc0e1786b0fe49b7d06acf3216264802d625f2bc679d6c38189bb0a7938e9e4eb8b2b521f1f64ce7d3f51613b95a09a9e83e77d499625908f3b51544354c9e5ddfa103809cb9177c6990ea726a32231b9');
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 9, 7027, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J7S89FW33TJ61X3NDZ526', 10, 7022, 'hangup', '\x01fe2079ae30d6575c62284fb2801b4a141b91874f93c413558e0caaaef714ba6b88a12f693042518651e655d59d493557bc0c082bc7e7c36e5b');
INSERT INTO public.calls VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 'main', 'HbbWIKXO2txFGhG41ULVkpJ2', 'chinese', 'zh', 'inbound', '\x01fe2079ae92f295f870237eb36d8ad4c0b53214321214284988e24f22b6c179a22cb26dd111bb38208cec46', '5f6319a0c0e096ce92759a10a1946f3a', 'afed451010982e1f7d14c2239feecffd', '\x01fe2079ae2df1a07dbfc3320abe855d7ef80330246b515232bc34ca33596f5cf2787d6e7a', 'a1897d704f440e3e349d3c0c1aad7898', 'afed451010982e1f7d14c2239feecffd', 1795349006672, 1795349006673, 1795349013674, 7001, 'unresolved', '', '', 'caller_hangup', NULL, 'recordings/2026/11/22/01M81J7JAFY6D9RBDE9F27VSHW.wav', NULL, 'PCMA', '{"security":"plain","received":349,"sent":350,"lost":0,"late":0,"concealed":0,"jitter_ms":1.358725,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":1,"far_jitter_ms":2.375}', '\x01fe2079ae59ada92ce4674859ac6643613ee1a76bfcda72983e79acd62377f23b6331e0025fe7375c149176876376efb07f', '', 0, '\x01fe2079ae477a44417a80c9e4ebffe21aff7ab34df9e09df814c3089c1452c7db14fa970c25dbcd27847f20569de9090be9ebcd8d8ac427b898202faee412d87ce0ca6af58baf48e2c5d4', 0);
INSERT INTO public.calls VALUES ('01M81J7S89FW33TJ61X3NDZ526', 'main', 'zqvzaObxePQhrEmARrwNjF5d', 'chinese', 'zh', 'inbound', '\x01fe2079aec1f30b768a320f7d9ec1f7744a8bf63a229929b987dd5d05feea8297e4154c527de6be04deec3a', '697948bee56ae68a3c8ebf9e214dd2d6', 'eb000a12762c74287937dbe771eabc24', '\x01fe2079aeb921a07cc365f85c2e01aec957fa0550f9ef6e6527c0c460f8ca3cc68e438534', 'a1897d704f440e3e349d3c0c1aad7898', 'afed451010982e1f7d14c2239feecffd', 1795349013769, 1795349013770, 1795349020792, 7022, 'resolved', '', '', 'caller_hangup', NULL, 'recordings/2026/11/22/01M81J7S89FW33TJ61X3NDZ526.wav', NULL, 'PCMA', '{"security":"plain","received":349,"sent":351,"lost":0,"late":0,"concealed":3,"jitter_ms":4.78423,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":2,"far_jitter_ms":3,"round_trip_ms":0.213}', '\x01fe2079ae5307f158f6dabc82b9243727669625bac11820063024f78f61d74775ff74c3eaccd2cf26bc47f44207535af338', '', 0, '\x01fe2079aeffdf53b8f4c3ae1185aa34e079ebae441e6ff5c09ab345074dc1fc4e5007611b886026e672d7162a619577410f60ce5e6c13d53b56d60d58920cba3af0b19cb103316b6c3e11', 0);
INSERT INTO public.customer_numbers VALUES ('5f6319a0c0e096ce92759a10a1946f3a', '01M81J7KJ4K656YT5Q9J2ZBHE7', '\x01fe2079ae6b6c6200bf450a96cd57119e13d922c5922aad13165c2682bf8b9aec7dd3bb566b0eacb3f30791', 'afed451010982e1f7d14c2239feecffd');
INSERT INTO public.customer_numbers VALUES ('697948bee56ae68a3c8ebf9e214dd2d6', '01M81J7SM0AK3B2AB6M3PNR9TS', '\x01fe2079ae73d534733175ed782fc28f4ebc8b3556e306806e4036f0323879a9573aacd139d2acbef3e5183f', 'eb000a12762c74287937dbe771eabc24');
INSERT INTO public.customers VALUES ('01M81J7SM0AK3B2AB6M3PNR9TS', '697948bee56ae68a3c8ebf9e214dd2d6', NULL, NULL, NULL, NULL, '', '', 1795349013769, 1795349013769, 1);
INSERT INTO public.customers VALUES ('01M81J7KJ4K656YT5Q9J2ZBHE7', '5f6319a0c0e096ce92759a10a1946f3a', NULL, NULL, NULL, NULL, '', '', 1795349006672, 1795349020905, 1);
INSERT INTO public.knowledge_versions VALUES ('retail-zh', 'q-69f2784fec', 1, 'draft', '{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}', 'absent', 'HOTLINE_API_TOKEN', '', 1795349021226);
INSERT INTO public.knowledge_versions VALUES ('retail-zh', 'q-69f2784fec', 2, 'review', '{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}', 'absent', 'HOTLINE_API_TOKEN', '', 1795349021316);
INSERT INTO public.migrations VALUES (1, 1795349003111);
INSERT INTO public.migrations VALUES (2, 1795349003111);
INSERT INTO public.migrations VALUES (3, 1795349003111);
INSERT INTO public.migrations VALUES (4, 1795349003111);
INSERT INTO public.migrations VALUES (5, 1795349003111);
INSERT INTO public.migrations VALUES (6, 1795349003111);
INSERT INTO public.migrations VALUES (7, 1795349003111);
INSERT INTO public.migrations VALUES (8, 1795349003111);
INSERT INTO public.migrations VALUES (9, 1795349003111);
INSERT INTO public.migrations VALUES (11, 1795349003111);
INSERT INTO public.migrations VALUES (12, 1795349003111);
INSERT INTO public.search_calls VALUES (1, '01M81J7JAFY6D9RBDE9F27VSHW');
INSERT INTO public.search_tokens VALUES (548047, 1);
INSERT INTO public.search_tokens VALUES (268680, 1);
INSERT INTO public.search_tokens VALUES (794228, 1);
INSERT INTO public.search_tokens VALUES (259259, 1);
INSERT INTO public.search_tokens VALUES (657585, 1);
INSERT INTO public.search_tokens VALUES (620497, 1);
INSERT INTO public.search_tokens VALUES (892134, 1);
INSERT INTO public.search_tokens VALUES (426871, 1);
INSERT INTO public.search_tokens VALUES (459242, 1);
INSERT INTO public.search_tokens VALUES (689546, 1);
INSERT INTO public.search_tokens VALUES (556408, 1);
INSERT INTO public.search_tokens VALUES (706862, 1);
INSERT INTO public.search_tokens VALUES (966183, 1);
INSERT INTO public.search_tokens VALUES (387154, 1);
INSERT INTO public.search_tokens VALUES (599523, 1);
INSERT INTO public.search_tokens VALUES (439707, 1);
INSERT INTO public.search_tokens VALUES (37884, 1);
INSERT INTO public.search_tokens VALUES (520153, 1);
INSERT INTO public.search_tokens VALUES (896619, 1);
INSERT INTO public.search_tokens VALUES (701317, 1);
INSERT INTO public.search_tokens VALUES (775135, 1);
INSERT INTO public.search_tokens VALUES (588931, 1);
INSERT INTO public.search_tokens VALUES (38860, 1);
INSERT INTO public.search_tokens VALUES (842258, 1);
INSERT INTO public.search_tokens VALUES (246059, 1);
INSERT INTO public.search_tokens VALUES (320821, 1);
INSERT INTO public.search_tokens VALUES (1007494, 1);
INSERT INTO public.search_tokens VALUES (1004405, 1);
INSERT INTO public.search_tokens VALUES (572302, 1);
INSERT INTO public.search_tokens VALUES (440277, 1);
INSERT INTO public.search_tokens VALUES (630151, 1);
INSERT INTO public.search_tokens VALUES (463321, 1);
INSERT INTO public.search_tokens VALUES (810644, 1);
INSERT INTO public.search_tokens VALUES (548707, 1);
INSERT INTO public.settings VALUES ('seal.check', '\x01fe2079aec260d6d989856c846794fc570c3444c371273cb37fb0ab370e248075916e20c40884fd', 1795349003227);
INSERT INTO public.settings VALUES ('retention.known', '\x01fe2079ae5caf4ec2fc19e4cdfbf1791e4347fea582d92d17a4485990b21c39c40cb7008dbe12b3ba10a17a6ef24d3924c5d670178c6cb0851e84df02887c00f8279a5e5105c0b5e9e6b9f9c9e1546d2cf7dcd75270e414b66581a580dcc2451103b7da35cc129d5b575b31886e', 1795349003968);
INSERT INTO public.settings VALUES ('customers.seen', '\x01fe2079aecb4a25de7836321f1d77729ad42b5a49cd93c3e0838e2bed96b53c877d8caecc42d56ccae021b92a91d784238dd157d9f197bb485cdb3fb516c6313a595decbd54305e55', 1795349014154);
INSERT INTO public.settings VALUES ('audit.head', '\x01fe2079ae97c21d5bd1348d7397648887d56186a3fc5b43fc671bbe234c117d25cf65b79cbc55b8eadf260433b74666e13eff99c1d457e7a9aa78e341b995645d19ac38bb2205065c9ff1be35bfe8fb34bb76a2', 1795349021398);
INSERT INTO public.ticket_files VALUES ('01M81J80DKYJ1E9H8CDTH6AMM5', '01M81J807946G0MNAVGP6ZKZZK', '\x01fe2079aef17a620fbfec56c0c8f128259482d0c99d342c8694753e228b31ced633554b9955', 'text/plain', 13, 1795349021107, 'HOTLINE_API_TOKEN');
INSERT INTO public.ticket_notes VALUES ('01M81J807946G0MNAVGP6ZKZZK', 1, 1795349020905, 'HOTLINE_API_TOKEN', 'created', '\x01fe2079aeac67011638a05b9da84f06e4429579e49c0cd7c408986c712426e4970523');
INSERT INTO public.ticket_notes VALUES ('01M81J807946G0MNAVGP6ZKZZK', 2, 1795349021009, 'HOTLINE_API_TOKEN', 'comment', '\x01fe2079ae17e1b5d508d7fb166a4f9e7d3607af8e149be23e62478a817407c7a8889dc87bee78c7b5c40bb644484c1bce962959a4e912661499a1c39cb8');
INSERT INTO public.ticket_notes VALUES ('01M81J807946G0MNAVGP6ZKZZK', 3, 1795349021107, 'HOTLINE_API_TOKEN', 'file', '\x01fe2079ae0bff4001cab167631e530e04ee47d924c4ad6e24629f2c9c8756343e1f743e6155d8eb84ebad636b52dad99d');
INSERT INTO public.ticket_parts VALUES ('01M81J80DKYJ1E9H8CDTH6AMM5', 0, '\x01fe2079aeedada408f93dd7c75d3ba7e82d4d7f111905fb252981edac4b242190fd6ac3dcf05357da04b2b7ed0f24b3bd39764c25');
INSERT INTO public.ticket_tokens VALUES (546868, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (706282, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (48380, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (673462, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (488658, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (164984, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (48827, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.ticket_tokens VALUES (725104, '01M81J807946G0MNAVGP6ZKZZK');
INSERT INTO public.tickets VALUES ('01M81J807946G0MNAVGP6ZKZZK', 1001, 'repair', 'open', 1, '', '', 'api', 'HOTLINE_API_TOKEN', '', '\x01fe2079aedea77ffe6a0b8f3a98d555ea0508f5b35d3425112e62f8466014c6a82db73d533a6b141fcd4155', '5f6319a0c0e096ce92759a10a1946f3a', 'afed451010982e1f7d14c2239feecffd', '\x01fe2079ae3f2485c1bc4bea3eeca48e9e62b4e720b3ede97f178b892930c65cc62ce5869fa2419f6a2da3d437', '\x01fe2079aedb7b5a19b7859a6b300886a37f82296655d8f618c90bb0c57c47ea631c72', 1795349020905, 1795349021009, NULL, NULL, 0, NULL, 2);
INSERT INTO public.turns VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 1, 1795349011448, 'bot', '\x01fe2079ae85b6047ca3ff6707f96f1cd5482055bc556856fe8b0c6c1313bd999ceb74d589a9558a50a2b44e1a15d6ff66289f83f9cacd42b31034a0a487fee9a1c5903752a6815e78c57900a4eae26cb6989eaa10060ceaef3496dbf3805f53768a40b0ad1ebec20a5ee53d2df1cbeb87ddcf7d50382c89dc67f70d37e86b0baebdba7bf601ac75', '\x01fe2079aea8b5058b693f630cd320868edfec1d969684325baec2861380a3041df7d3885ed9c89d374eb2cd0936a500fdfc569e1a945334ba4448e4fc491bf86d3e7daca09843b6f5eedf4b619107b31db22de97134a1a7672a16883c2fd66d2394a667b85496e86fc998d660701b', 4, 4724, 0, 1, 'greeting', 'command', '', '', '', '');
INSERT INTO public.turns VALUES ('01M81J7JAFY6D9RBDE9F27VSHW', 2, 1795349013728, 'bot', '\x01fe2079aee94253a1f87c41dd690c59befd1aa3654402f2ece2503f731730645ec7d83606e7596fa632fce6d4d09a38c0d9857e99692f0b903853913feccf0f12e774e9a97afba92fab7f', '\x01fe2079ae937c8a71554b5e0ceac6bdcdf6327a6636616cc687574ad6c66fa928918c33595804234f4df9c63cd9ad5962da6f03defe66bfb805bc83cda3b9', 4748, 7008, 0, 0.98, 'track', 'flow', 'track', '', '', '');
INSERT INTO public.turns VALUES ('01M81J7S89FW33TJ61X3NDZ526', 1, 1795349018542, 'bot', '\x01fe2079aef185114f4bcbafcceda97d7c3ab8fba045732fa7c97ceacfbc8087336133aaf336d81df6a2a37a46ece9cf0009690b3b4ceea81f28ecf90a9bdfbc72440c2b732f9fb7975f0f6f5699424886887ace27dca87dcbfb827f04fd60640b9961bba28dd11036e64d24fa3ff2db0ab88b2bc308b7c0f08c5069b03f5fb322bd73deec97b6e5', '\x01fe2079aeaa080b196b1f59071a4feb769cc5391d061619e8e4e2f47a020506e24c4eb39fc32aee4a5666943bd9a385aae1ffaa8ded85f120f9b3cdbb27e4bf7209cabdf3909dd617877eb26bfcfd0929b5e52c48a78516565dcb5e8d7f401ed83e831eba61d36200fb8ddf7025a0', 10, 4730, 0, 1, 'greeting', 'command', '', '', '', '');
INSERT INTO public.turns VALUES ('01M81J7S89FW33TJ61X3NDZ526', 2, 1795349020814, 'bot', '\x01fe2079aec077b77328e420db96398f2db375838c1af23972edd4b3a267266686a8ebb7f5e165236680187934e34d18bc430fbe3c74eea31acf677a314d11b491c27fc5f7fc2c3f999c71aa799f7f191744b8ab83b53e4edce0b06fde25a37c2c275028b82ccf2c0e382ececbe6d518445b69510a82d6d1', '\x01fe2079aea2f2cc267b9288d22c2ab6631b06f765f5d21165d306ddc7325bb518fcee21944d29355b28fa83abc1b0ca615a02772ba7667145ffa657609292d53d4a', 4727, 7027, 0, 0.98, 'return-how', 'knowledge', 'return-how', '', '', '');
INSERT INTO public.users VALUES ('01M81J7FE121TQRKVHC5N2K4HP', 'admin', NULL, 'admin', '$argon2id$v=19$m=19456,t=2,p=1$ekAGMZJ6SqiSE2l80xmT3w$p6s98xJwtRwAwLmNhcLB0TTuOd8/lOjH5vNdVqggJUk', 0, 1795349003713, '', '', NULL, 0, 0, 1795349003796);
INSERT INTO public.users VALUES ('01M81J805ZK9AB4KM3PAMWN6S4', 'li', NULL, 'supervisor', '$argon2id$v=19$m=19456,t=2,p=1$AvivvTnX79J6NRkKVSrLQQ$lQCWKb3GaDS2vDKstLdi06/iMLQL1lEVIZ99qOSBg+E', 0, 1795349020863, '', '', NULL, 0, 0, 1795349020863);
ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_trail
    ADD CONSTRAINT audit_trail_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.booking_counts
    ADD CONSTRAINT booking_counts_pkey PRIMARY KEY (place);
ALTER TABLE ONLY public.bookings
    ADD CONSTRAINT bookings_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.call_events
    ADD CONSTRAINT call_events_pkey PRIMARY KEY (call_id, seq);
ALTER TABLE ONLY public.calls
    ADD CONSTRAINT calls_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer_numbers
    ADD CONSTRAINT customer_numbers_pkey PRIMARY KEY (number_hash);
ALTER TABLE ONLY public.customer_tokens
    ADD CONSTRAINT customer_tokens_pkey PRIMARY KEY (token, customer_id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.knowledge_versions
    ADD CONSTRAINT knowledge_versions_pkey PRIMARY KEY (business, pair, n);
ALTER TABLE ONLY public.login_attempts
    ADD CONSTRAINT login_attempts_pkey PRIMARY KEY (account, source);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.outbound_ledger
    ADD CONSTRAINT outbound_ledger_pkey PRIMARY KEY (account, subject, since);
ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (business, id);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash);
ALTER TABLE ONLY public.review_notes
    ADD CONSTRAINT review_notes_pkey PRIMARY KEY (review_id, seq);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.search_calls
    ADD CONSTRAINT search_calls_call_id_key UNIQUE (call_id);
ALTER TABLE ONLY public.search_calls
    ADD CONSTRAINT search_calls_pkey PRIMARY KEY (doc);
ALTER TABLE ONLY public.search_tokens
    ADD CONSTRAINT search_tokens_pkey PRIMARY KEY (token, doc);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.ticket_files
    ADD CONSTRAINT ticket_files_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.ticket_notes
    ADD CONSTRAINT ticket_notes_pkey PRIMARY KEY (ticket_id, seq);
ALTER TABLE ONLY public.ticket_parts
    ADD CONSTRAINT ticket_parts_pkey PRIMARY KEY (ticket_file_id, seq);
ALTER TABLE ONLY public.ticket_tokens
    ADD CONSTRAINT ticket_tokens_pkey PRIMARY KEY (token, ticket_id);
ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.tickets
    ADD CONSTRAINT tickets_serial_key UNIQUE (serial);
ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (call_id, idx);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_name_key UNIQUE (name);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.wishes
    ADD CONSTRAINT wishes_pkey PRIMARY KEY (id);
CREATE INDEX audit_trail_action ON public.audit_trail USING btree (action, seq);
CREATE INDEX audit_trail_actor ON public.audit_trail USING btree (actor, seq);
CREATE INDEX audit_trail_at ON public.audit_trail USING btree (at, seq);
CREATE INDEX audit_trail_subject ON public.audit_trail USING btree (subject, seq);
CREATE INDEX bookings_place ON public.bookings USING btree (place, created_at);
CREATE INDEX calls_called ON public.calls USING btree (called_hash);
CREATE INDEX calls_caller ON public.calls USING btree (caller_hash);
CREATE INDEX calls_duration ON public.calls USING btree (duration_ms, id);
CREATE INDEX calls_line ON public.calls USING btree (line, started_at);
CREATE INDEX calls_live ON public.calls USING btree (node) WHERE (ended_at IS NULL);
CREATE INDEX calls_outcome ON public.calls USING btree (outcome, started_at);
CREATE INDEX calls_started ON public.calls USING btree (started_at, id);
CREATE INDEX calls_trunk ON public.calls USING btree (trunk, started_at);
CREATE INDEX customer_numbers_customer ON public.customer_numbers USING btree (customer_id);
CREATE INDEX customer_numbers_tail ON public.customer_numbers USING btree (number_tail);
CREATE INDEX customer_tokens_customer ON public.customer_tokens USING btree (customer_id);
CREATE INDEX customers_seen ON public.customers USING btree (seen_at, id);
CREATE INDEX deliveries_next ON public.deliveries USING btree (state, next_at);
CREATE INDEX knowledge_versions_state ON public.knowledge_versions USING btree (business, state, pair, n);
CREATE INDEX login_attempts_last ON public.login_attempts USING btree (last_at);
CREATE INDEX login_attempts_source ON public.login_attempts USING btree (source, last_at);
CREATE INDEX outbound_ledger_until ON public.outbound_ledger USING btree (until);
CREATE INDEX proposals_state ON public.proposals USING btree (business, state, score, id);
CREATE INDEX reviews_call ON public.reviews USING btree (call_id);
CREATE INDEX reviews_number ON public.reviews USING btree (number_hash);
CREATE INDEX reviews_send ON public.reviews USING btree (send_at) WHERE (send_at IS NOT NULL);
CREATE INDEX reviews_state ON public.reviews USING btree (state, made_at, id);
CREATE INDEX search_tokens_doc ON public.search_tokens USING btree (doc);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX ticket_files_ticket ON public.ticket_files USING btree (ticket_id);
CREATE INDEX ticket_tokens_ticket ON public.ticket_tokens USING btree (ticket_id);
CREATE INDEX tickets_call ON public.tickets USING btree (call_id);
CREATE INDEX tickets_escalate ON public.tickets USING btree (escalate_at) WHERE (escalate_at IS NOT NULL);
CREATE INDEX tickets_made ON public.tickets USING btree (made_at, id);
CREATE INDEX tickets_number ON public.tickets USING btree (number_hash);
CREATE INDEX tickets_state ON public.tickets USING btree (state, made_at, id);
CREATE INDEX turns_response ON public.turns USING btree (at) WHERE (response_ms > 0);
CREATE INDEX wishes_call ON public.wishes USING btree (call_id);
CREATE INDEX wishes_state ON public.wishes USING btree (state, created_at, id);
ALTER TABLE ONLY public.call_events
    ADD CONSTRAINT call_events_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.customer_numbers
    ADD CONSTRAINT customer_numbers_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.customer_tokens
    ADD CONSTRAINT customer_tokens_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES public.customers(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.review_notes
    ADD CONSTRAINT review_notes_review_id_fkey FOREIGN KEY (review_id) REFERENCES public.reviews(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_calls
    ADD CONSTRAINT search_calls_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_tokens
    ADD CONSTRAINT search_tokens_doc_fkey FOREIGN KEY (doc) REFERENCES public.search_calls(doc) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ticket_files
    ADD CONSTRAINT ticket_files_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ticket_notes
    ADD CONSTRAINT ticket_notes_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ticket_parts
    ADD CONSTRAINT ticket_parts_ticket_file_id_fkey FOREIGN KEY (ticket_file_id) REFERENCES public.ticket_files(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.ticket_tokens
    ADD CONSTRAINT ticket_tokens_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES public.tickets(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
