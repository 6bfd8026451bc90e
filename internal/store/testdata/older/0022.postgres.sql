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
CREATE TABLE public.alerts (
    id text NOT NULL,
    node text NOT NULL,
    call_id text NOT NULL,
    kind text NOT NULL,
    line text NOT NULL,
    agent text NOT NULL,
    at_ms bigint NOT NULL,
    grave bigint NOT NULL,
    why bytea,
    raised_at bigint NOT NULL,
    over_at bigint,
    seen_at bigint,
    seen_by text NOT NULL,
    done_at bigint,
    done_by text NOT NULL
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
CREATE TABLE public.assessments (
    id text NOT NULL,
    call_id text NOT NULL,
    subject text NOT NULL,
    line text NOT NULL,
    sheet text NOT NULL,
    source text NOT NULL,
    week text NOT NULL,
    state text NOT NULL,
    found bigint,
    score bigint,
    passed bigint,
    judged bytea,
    review bytea,
    reply bytea,
    made_at bigint NOT NULL,
    reviewer text NOT NULL,
    reviewed_at bigint,
    replied_at bigint,
    version bigint NOT NULL
);
CREATE TABLE public.attempts (
    id integer NOT NULL,
    campaign_id text NOT NULL,
    contact_id bigint NOT NULL,
    number_hash text NOT NULL,
    call_id text NOT NULL,
    node text NOT NULL,
    variant text NOT NULL,
    number bigint NOT NULL,
    ground text NOT NULL,
    day text NOT NULL,
    claimed_at bigint NOT NULL,
    settled_at bigint,
    outcome text NOT NULL,
    goal text NOT NULL,
    refused bigint NOT NULL,
    answered bigint NOT NULL,
    seconds double precision NOT NULL,
    cost double precision NOT NULL,
    trunk text NOT NULL,
    result bytea,
    ahead bigint DEFAULT 0 NOT NULL
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
CREATE TABLE public.campaign_ids (
    name text NOT NULL,
    next bigint NOT NULL
);
CREATE TABLE public.campaign_nodes (
    node text NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE public.campaign_versions (
    campaign_id text NOT NULL,
    version bigint NOT NULL,
    definition text NOT NULL,
    made_at bigint NOT NULL,
    made_by text NOT NULL
);
CREATE TABLE public.campaigns (
    id text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    priority bigint NOT NULL,
    version bigint NOT NULL,
    definition text NOT NULL,
    tokens double precision NOT NULL,
    tokens_at bigint NOT NULL,
    hang_up bigint NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    changed_at bigint NOT NULL
);
CREATE TABLE public.consents (
    number_hash text NOT NULL,
    purpose text NOT NULL,
    at bigint NOT NULL,
    given bigint NOT NULL,
    number bytea,
    how bytea,
    by_whom text NOT NULL,
    file bytea
);
CREATE TABLE public.contacts (
    id integer NOT NULL,
    campaign_id text NOT NULL,
    number_hash text NOT NULL,
    person bytea,
    zone text NOT NULL,
    rank bigint NOT NULL,
    place bigint NOT NULL,
    variant text NOT NULL,
    agent text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    due bigint NOT NULL,
    made bigint NOT NULL,
    callback bigint NOT NULL,
    added_at bigint NOT NULL
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
CREATE TABLE public.flow_versions (
    business text NOT NULL,
    file text NOT NULL,
    n bigint NOT NULL,
    state text NOT NULL,
    body text NOT NULL,
    author text NOT NULL,
    note text NOT NULL,
    at bigint NOT NULL
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
CREATE TABLE public.number_days (
    number_hash text NOT NULL,
    day text NOT NULL,
    campaign_id text NOT NULL,
    calls bigint NOT NULL
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
CREATE TABLE public.refusals (
    contact_id bigint NOT NULL,
    day text NOT NULL,
    reason text NOT NULL,
    campaign_id text NOT NULL,
    ground text NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    times bigint NOT NULL
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
CREATE TABLE public.rule_versions (
    business text NOT NULL,
    version bigint NOT NULL,
    made_at bigint NOT NULL,
    made_by text NOT NULL,
    changed text NOT NULL,
    stamp text NOT NULL,
    undoes bigint NOT NULL,
    before bytea,
    after bytea
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
CREATE TABLE public.suppressed_numbers (
    number_hash text NOT NULL,
    subject text NOT NULL,
    number bytea
);
CREATE TABLE public.suppressions (
    subject text NOT NULL,
    list text NOT NULL,
    purpose text NOT NULL,
    at bigint NOT NULL,
    until bigint,
    how text NOT NULL,
    call text NOT NULL
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
CREATE TABLE public.trigger_keys (
    name text NOT NULL,
    key text NOT NULL,
    contact_id bigint NOT NULL,
    at bigint NOT NULL
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
    done_by text NOT NULL,
    transcript bytea,
    transcript_state text DEFAULT ''::text NOT NULL,
    transcript_tries bigint DEFAULT 0 NOT NULL,
    transcript_after bigint DEFAULT 0 NOT NULL,
    urgent bigint DEFAULT 0 NOT NULL,
    wanted_at bigint,
    call_tries bigint DEFAULT 0 NOT NULL,
    call_next bigint,
    calling text DEFAULT ''::text NOT NULL,
    call_trouble text DEFAULT ''::text NOT NULL
);
CREATE TABLE public.wrapups (
    id text NOT NULL,
    call_id text NOT NULL,
    agent text NOT NULL,
    draft bytea,
    working bytea,
    saved bytea,
    how text NOT NULL,
    seconds bigint NOT NULL,
    made_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    saved_at bigint
);
INSERT INTO public.agents VALUES ('agent1', '\x01adf2abbb2b3b0014c4b64b88ba274d7ab6eb56efd25e0432829b0d8b55819d947a824ca45cb8', '["service","presales","aftersales","support"]', 'hotline', '\x01adf2abbbe9033ba256134db319f12e0b0a6a044f10fda0680633100b0392f61b408cc0f2f21ba7a168346399cb20b51befa5ade72e1a2b9fc0ffa88e7e15b176', '\x01adf2abbbacdbce19c5a2a77899dfd22560e68cabafdee6c4476a3b3597dccbe7b648b88eff1fec6d4d44aa6e87cd5544d176cb9e8a8f8f09161d8f6e1453f8d0c961a45cd9bc6a7187368051acd342d600c964fc1a55ca4e100631a83c75d475', 0, 1795348919363);
INSERT INTO public.agents VALUES ('agent2', '\x01adf2abbbb161d6f0b476786f914a741024567115f838be0f6678d4e099c096a8aa3f08c627ba', '["service","aftersales","support"]', 'hotline', '\x01adf2abbbb3ef0407493a78d004cf27e39229b99edb66e4cd3492d7e2fa8f397d780e3ccc0937c666648658c466cb890d77fe9a990426b837df9152e16a99188c', '\x01adf2abbb5ba30eb93a2e319c7ddf2f6e5b04acc7f8a8095813ae742f6d108c87cb9154d485cf3b434376725c0e83c8544265543bf58088d2c03bb3cfa65b40a7b9f4c3748a97cf96c7e8184a9a4ed83c5faf79598fdd039953dec263ba38d635', 0, 1795348919389);
INSERT INTO public.agents VALUES ('agent3', '\x01adf2abbb0a03ffdce177b3f0e850245fb7f28c131aeea3e628b1a0fe1ad41d05142c239f2887', '["service","presales","support"]', 'hotline', '\x01adf2abbbd596b5448b77d399c586e968704b082541e76c1f900f56f6f97919deb238f1ebd076de8d10addd3e2fde36d8fea7dffaf3f79024b1e6f2f26f5fb955', '\x01adf2abbb2369cdfd203ab861275a612831d016e51e202e5b801b14ed1fb37bb916939991abd58f3e8a48ae2627809b8cc6c52ee7f1ccd0dcbe90f1b6db0779ccdd23c34ebf6232ab1a618c1dfe91283a1a2dba7737f06794bfb760aee50a669b', 0, 1795348919415);
INSERT INTO public.audit_trail VALUES (1, 1795348920156, 'server', '', 'retention-changed', '', '\x01adf2abbb80f2c976a4ea5e59d00fb25a814a02a0a0a9df5ed6331b5c8b00238204d072121c55c9abb07ff89e141a38806244882ee0ceb31d238ef936ba9818668d57fb3990eb21fe966c1c2298e8b3cabb323da4fea57800c7ab0678aa78a4c9d190fd39bca11c21236489e64768509df65fe8ce250cad00671de2bea42d8adbd887c56457904e9941b68dd64baeb5', '740ded882d2b646694e6694f9edd3461');
INSERT INTO public.audit_trail VALUES (2, 1795348937929, 'HOTLINE_API_TOKEN', 'admin', 'add-user', '', '\x01adf2abbb1aca30b8e15cffb666b8a74d30578b80c543197bc31d19eee8a8e7e12df457006580e0cdf7e5070dbe4049495a00ce5c57f76e12c2420be948e6ec4137', '6edd13a1d88734701f9d0824b639872f');
INSERT INTO public.audit_trail VALUES (3, 1795348938099, 'HOTLINE_API_TOKEN', 'admin', 'create-ticket', '', '\x01adf2abbbdce03b4e813253d1325dd8e7b9fa77ec345068429ab78688b023a3731f76cc7f4702d60ea7b06c48bae4a56fc1392a4f8fe06e26577cac43e7e8cbe965f544990d0a61', 'd70576709e276e0f371a742a4a06b9e2');
INSERT INTO public.audit_trail VALUES (4, 1795348938192, 'HOTLINE_API_TOKEN', 'admin', 'comment-ticket', '01M81J5F6WFPCY66HDFGDB125C', NULL, '9eebc9a5053afa3ceefcee9b1185b0c0');
INSERT INTO public.audit_trail VALUES (5, 1795348938292, 'HOTLINE_API_TOKEN', 'admin', 'attach-file', '01M81J5F6WFPCY66HDFGDB125C', NULL, '06e327bae7336e5ff6463f38f075d6a2');
INSERT INTO public.audit_trail VALUES (6, 1795348938428, 'HOTLINE_API_TOKEN', 'admin', 'create-knowledge', '', NULL, 'a007948a646eac3cf72c2f390a6832a9');
INSERT INTO public.audit_trail VALUES (7, 1795348938528, 'HOTLINE_API_TOKEN', 'admin', 'submit-knowledge', 'q-69f2784fec', NULL, '19de179e6fe02b350c46e94a61ba4c7b');
INSERT INTO public.audit_trail VALUES (8, 1795348938600, 'HOTLINE_API_TOKEN', 'admin', 'suppress', '', NULL, '94f039ae9350dd33a93d08bb04d5bef6');
INSERT INTO public.audit_trail VALUES (9, 1795348938752, 'HOTLINE_API_TOKEN', 'admin', 'add-consent', '', NULL, '7f4e6ccb1a6a191d8d15e96aed629558');
INSERT INTO public.audit_trail VALUES (10, 1795348938903, 'HOTLINE_API_TOKEN', 'admin', 'create-campaign', '', NULL, 'e374252bb9cf51b011546c68f7668022');
INSERT INTO public.audit_trail VALUES (11, 1795348939007, 'HOTLINE_API_TOKEN', 'admin', 'import-contacts', 'survey', '\x01adf2abbb81f7dda978de4d45632409b8f26e8ca798c44013f87fd591dd819c925284f0e2906b9c1f1750153837ac0c23659efc46a12733b7', 'e105641af96ad7c5fac7e380342225fb');
INSERT INTO public.audit_trail VALUES (12, 1795348939095, 'HOTLINE_API_TOKEN', 'admin', 'start-campaign', 'survey', NULL, '46a683dad65041cb214e80416e1c6529');
INSERT INTO public.audit_trail VALUES (13, 1795348939288, 'server', '', 'campaign-waits', 'survey', '\x01adf2abbb3b4f8a24ec1d0ed49bdacda81e7efb17cfd8c95bda0916593a5804563942c47480a84f73a9f185199ba0de1f68ddfc84cdcab6702789c57b', '247f6279b992a2dc56d357eeac6d42e1');
INSERT INTO public.audit_trail VALUES (14, 1795348942208, 'HOTLINE_API_TOKEN', 'admin', 'numbers', '', '\x01adf2abbb98719282004fd2f43416020b299530b00f3786e50ce5670db005e53b619ac700d02bcad7fcc0f6aecce89588e5f475ee411661da89e832e38ba66447f856769de74424c833222846f84972baeb5e11795c87c566807e38f423f5d4010ca5621a50a06c3054b245', '83bc9d3488583f5142b7bc0714c83b63');
INSERT INTO public.audit_trail VALUES (15, 1795348942272, 'HOTLINE_API_TOKEN', 'admin', 'numbers', '01M81J5F6WFPCY66HDFGDB125C', NULL, 'ac5d24b86b051cf062b9e4293078ce11');
INSERT INTO public.audit_trail VALUES (16, 1795348942480, 'HOTLINE_API_TOKEN', 'admin', 'list-suppressions', '', NULL, 'f945699cb7e7e20731a174121af9c294');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 1, 0, 'answered', '\x01adf2abbb4fbd7cb44a56d72743d3e8746ef6b65d137d3e24bbed20acd3edaa3b2d245a5263cf9dd86438860ff717fe52');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 2, 3037, 'dtmf', '\x01adf2abbb93fa0c517fdf7a2c84bf6d7ab8ebd1f834aeea81ef2d8c95d9593e5199f273fdd9a0e6f9b1300c9a21');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 3, 4873, 'barge_in', '\x01adf2abbb4129f85687f9d754a8ffc6d8fa686e0d147bebb5883aa75cfc7236b68b6e3e6220def0b7e2c12f5ca6867e8fcc2730c6c8b98de22cdb08a152b97b5453bef47569dac2b66d27346ae02186971680863a0419c217e60dc9d3adbeecf0966c57817fc285bb62e599ea620ff19453647e1f1948db7c86b1fde88dd307c3200d6abdb6d7c278be32');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 4, 0, 'intent', '\x01adf2abbb2f9aff60e7aa8842057f642cd3b32296a7d85cbb48c21300bf0eb6d2931aac50a7a7b8da89128584bfd4c72a643b81a534f8592d8c1a0147ad5a339f0a4832c30592c57ea42080162535af9ce1a47bf52332109000fb79d36a28203ad7f638d64ccdff9a7d');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 5, 25, 'say_start', '\x01adf2abbb1f680a96d02b2c9a993ffed63cc6d480ba6087056d42597189e25b10438b9dd4240d3b590d456bdcaa2973fcc7515ca4da022a53f175c2bac137d6ae67555875f8db46151f359f981450a7c1f3d6b5991048bb803144e937c483f91e55dbc5dbdcf17c071fb6d1a2181379103ea5ef5fdc9de5bc427c72956b99bc12969ff18a0a8d2d30c5fcb97da22a102023fc');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 6, 4745, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 7, 4873, 'intent', '\x01adf2abbbf955a95636708642bb316c18792a791ebdfc01b8a52b58723d3d0a034a80e527ea31d6f6f7c4339920e5b47eb7dcfb4ffd36ecdc8c4f1bd1c66dad0ba5aa5950e992b4f6d7efd9eb3c1afcf55350a6dc432831de0a37fbfd024e93fe7de87002c69ab64ab002cf');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 8, 4873, 'flow_step', '\x01adf2abbb630f8d196c5dcba5054b5af70a82abbe8349d9d28293cca28dc65ffa107196a62b8af3c8ce10a7a5867dcfa56c538ec69a8f79288b64a6f4f9762ee321a201ad90738e691cc83bda74a308de4cda12145bb148');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 9, 4895, 'say_start', '\x01adf2abbb5e72464054ce7f358abc931f8000cb59b72a379b5518e43e3314c1e70a8e4d22da62bea2212dee8871a1605def725f330dbd1268c1b91825bd40250cfbf5a10b65af2bee8ce5b63b05abbf7e7a95d8a92a');
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 10, 7015, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J516KG9P4W5FTRT1461EC', 11, 7001, 'hangup', '\x01adf2abbb6aa1fc5fb971d7b6de20a0a3cb5aac338908eef2bf83619cc3e40d8b2ff67873764ec2e49cffccd8575540e8e077b41ccc681c55ac');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 1, 0, 'answered', '\x01adf2abbb92639540c681d142f1b146e77dcccb7b6e50e32cd4c8aa8b3eefda56d1c717fb89da1c4c4cd43ed753cd2b41');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 2, 3024, 'dtmf', '\x01adf2abbb576544b89910e72648c8e2a1f3800684ba3cff69a8dfdd1c8008fe903506ac235cb945392cb22cea19');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 3, 4783, 'barge_in', '\x01adf2abbb82f37277005607796640a730145db34f89f4a6533b9baa8e253ca1c81794ca3c1223e75f8374d3e47e62b0bd877c9de3659dff5f23349365f463c62ff19c39bb7aca35f2ddec8b0af7080e4f70dd0fa4ed1b67c801940888bcd38c15b97c07fda5c5135735bbe26fccbaa2f804bbc1b0aabcebf8bed8fcd0fd8941f5e89dcc73e1096ae1f57a');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 4, 0, 'intent', '\x01adf2abbbb73de8b198fcd6e902810d8924435881874a0619e59cb90da0cd244b6872595273096b6bfaf5bc1887a87fa327354e4093b38fd984655afc8996942bae597faf9cc95039f7b8edac5e926527a80a89b73bf9b568276f8fa18ced64981c26ad91b8899bac8c');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 5, 2, 'say_start', '\x01adf2abbbfe12e7511b4be2d84f6188edf55dbf4a4430f267852258d23dcd61953418f77c8a62baae2eb1b55b2c3e0f34e0e452f43ed9008e0de1085e4e797ec2aaa2b18b72cec78b8c81c8f056485c257cbd65eaa9d985406d7bc33de8509659774db063282a4bf79568c0018b6277d300397a6a9257f5e8fedb4e512ccf3fdc2f6c193c676296bf131edd992e0618dbb919');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 6, 4722, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 7, 4783, 'intent', '\x01adf2abbbfe0690265feef030287fda3667f5a53545045fc6a35d86557974592957092d81b579db44c025af2918e31313ebb5fc93c1c6b2a1d732953b06f797fdfb9beb631e0d3ee372b31b17d449bfd4d589506e1cc14e9c486fd26704251970ba9650c59812fe2b2c95461cee60e4c4a2891cdae6d567b8517d');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 8, 4803, 'say_start', '\x01adf2abbb0a53de392a4c8d4c5662f91e026c48a9ec337392cf39ca3da09f075e2e85ad9c38c40282d37378a4a2c8ba1f0b49837159ebee54c3e04297e5fc3916013a305fa843bedb6f08c02594f3ea763f0bf640b560a8affe420cd0022bc9706e0b7482d1f7201e9ab6ab5d7048cc2c45339b47df66932d331a3c242ea83ccdd23f');
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 9, 7003, 'say_end', NULL);
INSERT INTO public.call_events VALUES ('01M81J5863011AZQ23YBWTN2C4', 10, 7002, 'hangup', '\x01adf2abbba0fd37f40d2fc21f91a6416eaf9141d45cdd2a4e5945d9824f5b00d850c11acacb746bf6df774363806589ade0f207179c6fec376e');
INSERT INTO public.calls VALUES ('01M81J516KG9P4W5FTRT1461EC', 'main', 'CJzb8y5HR9Lc7H8cQgKo0AKM', 'chinese', 'zh', 'inbound', '\x01adf2abbbd8427e95a2f6d48ca7bdac345ae36e13362a0d60182e003c04650959a95fc462d2554383543606', '0f3252117b826240937d7339da664fa2', '8a2316533b67add1c211a0dd8de02212', '\x01adf2abbb5ac7bebf1d3e8c215e59cd3599862063f4d4a97588bcccd644b4cb59d2c9640a', '492ae15a9d2302dffd24b52d4176401a', '8a2316533b67add1c211a0dd8de02212', 1795348923604, 1795348923606, 1795348930608, 7001, 'unresolved', '', '', 'caller_hangup', NULL, 'recordings/2026/11/22/01M81J516KG9P4W5FTRT1461EC.wav', NULL, 'PCMA', '{"security":"plain","received":348,"sent":342,"lost":0,"late":0,"concealed":4,"jitter_ms":4.185707,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":1,"far_jitter_ms":7.875}', '\x01adf2abbbbcbd5d5a8234fde25f84190d33e45ed0bd67bc38507b790896414164cb0ce90c2873957a780b8cc9e462c2085e', '', 0, '\x01adf2abbb3d665f2b4cc9d353fdaff2ccae27a176590d28a91e7ea9800aefa14830d06da83a919523a52857dce5bac6f2cf2d72954b5b787763846e9bf05bf9ae42ce8b573fac9a028998', 0);
INSERT INTO public.calls VALUES ('01M81J5863011AZQ23YBWTN2C4', 'main', 'kHxlW4u0fgDiH5iCGHX1A7lf', 'chinese', 'zh', 'inbound', '\x01adf2abbbf766c2ac25495bf69c9cfa06c31566111ec78b70a39183e559ffddf957275172bbccafea2af2eb', '599968391831108c6d15da585f13bcba', 'f2561cc03694a9cbc89d688e6033fc60', '\x01adf2abbb3e2d87fc9c30c233f1c0835124ce20d5e2b6e4e37521774cc77b6d9bb526533b', '492ae15a9d2302dffd24b52d4176401a', '8a2316533b67add1c211a0dd8de02212', 1795348930755, 1795348930755, 1795348937758, 7002, 'resolved', '', '', 'caller_hangup', NULL, 'recordings/2026/11/22/01M81J5863011AZQ23YBWTN2C4.wav', NULL, 'PCMA', '{"security":"plain","received":349,"sent":346,"lost":0,"late":0,"concealed":1,"jitter_ms":1.524295,"loss_rate":0,"mos":4.409285824,"far_mos":4.409285824,"far_reports":1,"far_jitter_ms":5}', '\x01adf2abbbd765b553fe7ea0b4d2d35d3a15bdd62747a5c93b54bd82d779ea10b7ab34adea1d82b6edef817411898ab790c4', '', 0, '\x01adf2abbb1baa45445386ae152799d68a1b3504dd4a7ac301612ef7ed0f5aeb23457b9c61434ac40b37ab464b992075a736a82f8f5910730e79ac0a5b198f1f3c50a3a63272c80a250256', 0);
INSERT INTO public.campaign_ids VALUES ('contacts', 1000);
INSERT INTO public.campaign_nodes VALUES ('main', 1795348940178);
INSERT INTO public.campaign_versions VALUES ('survey', 1, '{"id":"survey","name":"收货三天回访","state":"draft","line":"chinese","purpose":"survey","mode":"agentless","variants":[{"name":"直接说","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想用半分钟问问您买的{商品}好不好用，不想答，说一声就行。","task":"call-survey"},{"name":"先问方便","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想回访一下您买的{商品}，只有两个问题，不方便随时可以挂。","task":"call-survey"}],"windows":{"days":[[{"From":600,"To":720},{"From":900,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":600,"To":720},{"From":900,"To":1200}]],"holidays":[{"name":"春节","first":"2027-02-05T00:00:00Z","last":"2027-02-07T00:00:00Z"}]},"priority":0,"concurrency":0,"per_second":0,"order":"newest","attempts":2,"caps":{"per_day":0,"per_week":1,"per_campaign":0},"goals":[{"name":"答完","slot":"score"}],"cost_per_goal":5,"created_at":"2026-11-22T12:02:18.855Z","created_by":"HOTLINE_API_TOKEN","version":1}', 1795348938855, 'HOTLINE_API_TOKEN');
INSERT INTO public.campaigns VALUES ('survey', '收货三天回访', 'running', 0, 1, '{"id":"survey","name":"收货三天回访","state":"draft","line":"chinese","purpose":"survey","mode":"agentless","variants":[{"name":"直接说","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想用半分钟问问您买的{商品}好不好用，不想答，说一声就行。","task":"call-survey"},{"name":"先问方便","weight":0,"greeting":"您好，我是云上商城的智能助手小云，通话会录音。想回访一下您买的{商品}，只有两个问题，不方便随时可以挂。","task":"call-survey"}],"windows":{"days":[[{"From":600,"To":720},{"From":900,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":1080,"To":1200}],[{"From":600,"To":720},{"From":900,"To":1200}]],"holidays":[{"name":"春节","first":"2027-02-05T00:00:00Z","last":"2027-02-07T00:00:00Z"}]},"priority":0,"concurrency":0,"per_second":0,"order":"newest","attempts":2,"caps":{"per_day":0,"per_week":1,"per_campaign":0},"goals":[{"name":"答完","slot":"score"}],"cost_per_goal":5,"created_at":"2026-11-22T12:02:18.855Z","created_by":"HOTLINE_API_TOKEN","version":1}', 0, 0, 0, 1795348938855, 'HOTLINE_API_TOKEN', 1795348939065);
INSERT INTO public.consents VALUES ('3189b5db697ff8ec4ef770ba5876858b', 'service', 1795348938613, 1, '\x01adf2abbb14fa3febb5cfeb38e9e9be747f6fb55e3d237358b2ba2e90d7b499c0aa4885bab8841cfde389f1f80625', '\x01adf2abbb7167ce329a3611547188705f15d15f17ec200c94879028911b346bad2e140d58c91fdc2784c7cfdd', 'HOTLINE_API_TOKEN', NULL);
INSERT INTO public.contacts VALUES (3, 'survey', '981b4e131f78b32b32624f21ae0890c3', '\x01adf2abbb9d0a1bbb499952746fb05041d9fb802b617f4fdbc1f9374e5e762971e9d4c66804cc121750813d712057f256144a72a417ab6116e9999a6183a4fca0976eab35696f95313ed03e5af38d3e053b89dac07feb49987ec6c265321111a360', '', 0, -3, '', '', 'waiting', 'outside_window', 1795428000000, 0, 0, 1795348938998);
INSERT INTO public.contacts VALUES (2, 'survey', 'ab1817ae0ee2a7f3687999b458eba3f2', '\x01adf2abbb67e0c86abcbf06658296b578d2ffcb77499110e2b56bab126b1185509433ed0eb2e2566c6cb5ee9c0261ad9b2cd368171551340e01935ec23c8206dcf34ac9f4f26dcdb02edf0528bc8fe9974c5bccca287224ee1e45c20a3f4c9bb2e4', '', 0, -2, '', '', 'waiting', 'outside_window', 1795428000000, 0, 0, 1795348938998);
INSERT INTO public.contacts VALUES (1, 'survey', 'd4c4fc208d697795434e4a5245f3d5d0', '\x01adf2abbbfb6dfe628778b8cd82dffde300ad2e7a6383d3195bbde71a3ae4d3585f3b0bef6a75e7bc72022ea30052b5cf0871c67c243527e893101bacd5c8f4ad122eece644a8c9dc5044f76a545fdb8bcf90574ea4699bc9ba66ef9c129f57412e', '', 0, -1, '', '', 'waiting', 'outside_window', 1795428000000, 0, 0, 1795348938998);
INSERT INTO public.customer_numbers VALUES ('0f3252117b826240937d7339da664fa2', '01M81J51ZDPEN99J0EZ1YDK3VT', '\x01adf2abbb5031b76743f3953d6c64e897d4821a1412a8a1d5cfb62168d5716f796412908410835cd1a7d880', '8a2316533b67add1c211a0dd8de02212');
INSERT INTO public.customer_numbers VALUES ('599968391831108c6d15da585f13bcba', '01M81J59WJQ3F1M6C06RR9NT5F', '\x01adf2abbb51413d510a3a1401744b0958e41700dcd4906fe8c257d1255605e00328872d82790bf72a555865', 'f2561cc03694a9cbc89d688e6033fc60');
INSERT INTO public.customers VALUES ('01M81J59WJQ3F1M6C06RR9NT5F', '599968391831108c6d15da585f13bcba', NULL, NULL, NULL, NULL, '', '', 1795348930755, 1795348930755, 1);
INSERT INTO public.customers VALUES ('01M81J51ZDPEN99J0EZ1YDK3VT', '0f3252117b826240937d7339da664fa2', NULL, NULL, NULL, NULL, '', '', 1795348923604, 1795348937948, 1);
INSERT INTO public.knowledge_versions VALUES ('retail-zh', 'q-69f2784fec', 1, 'draft', '{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}', 'absent', 'HOTLINE_API_TOKEN', '', 1795348938310);
INSERT INTO public.knowledge_versions VALUES ('retail-zh', 'q-69f2784fec', 2, 'review', '{"id":"q-69f2784fec","question":"你们卖不卖雨伞","answer":"卖的，雨伞在二楼。","category":"商品"}', 'absent', 'HOTLINE_API_TOKEN', '', 1795348938468);
INSERT INTO public.migrations VALUES (1, 1795348916382);
INSERT INTO public.migrations VALUES (2, 1795348916382);
INSERT INTO public.migrations VALUES (3, 1795348916382);
INSERT INTO public.migrations VALUES (4, 1795348916382);
INSERT INTO public.migrations VALUES (5, 1795348916382);
INSERT INTO public.migrations VALUES (6, 1795348916382);
INSERT INTO public.migrations VALUES (7, 1795348916382);
INSERT INTO public.migrations VALUES (8, 1795348916382);
INSERT INTO public.migrations VALUES (9, 1795348916382);
INSERT INTO public.migrations VALUES (11, 1795348916382);
INSERT INTO public.migrations VALUES (12, 1795348916382);
INSERT INTO public.migrations VALUES (13, 1795348916382);
INSERT INTO public.migrations VALUES (14, 1795348916382);
INSERT INTO public.migrations VALUES (15, 1795348916382);
INSERT INTO public.migrations VALUES (16, 1795348916382);
INSERT INTO public.migrations VALUES (17, 1795348916382);
INSERT INTO public.migrations VALUES (18, 1795348916382);
INSERT INTO public.migrations VALUES (19, 1795348916382);
INSERT INTO public.migrations VALUES (20, 1795348916382);
INSERT INTO public.migrations VALUES (21, 1795348916382);
INSERT INTO public.migrations VALUES (22, 1795348916382);
INSERT INTO public.refusals VALUES (3, '2026-11-22', 'outside_window', 'survey', 'outside_window|10:00-12:00, 15:00-20:00|20:02|Asia/Shanghai', 1795348939191, 1795348939191, 1);
INSERT INTO public.refusals VALUES (2, '2026-11-22', 'outside_window', 'survey', 'outside_window|10:00-12:00, 15:00-20:00|20:02|Asia/Shanghai', 1795348939364, 1795348939364, 1);
INSERT INTO public.refusals VALUES (1, '2026-11-22', 'outside_window', 'survey', 'outside_window|10:00-12:00, 15:00-20:00|20:02|Asia/Shanghai', 1795348939412, 1795348939412, 1);
INSERT INTO public.search_calls VALUES (1, '01M81J516KG9P4W5FTRT1461EC');
INSERT INTO public.search_calls VALUES (2, '01M81J5863011AZQ23YBWTN2C4');
INSERT INTO public.search_tokens VALUES (282228, 1);
INSERT INTO public.search_tokens VALUES (132312, 1);
INSERT INTO public.search_tokens VALUES (729560, 1);
INSERT INTO public.search_tokens VALUES (1006391, 1);
INSERT INTO public.search_tokens VALUES (624376, 1);
INSERT INTO public.search_tokens VALUES (534286, 1);
INSERT INTO public.search_tokens VALUES (244584, 1);
INSERT INTO public.search_tokens VALUES (737509, 1);
INSERT INTO public.search_tokens VALUES (91073, 1);
INSERT INTO public.search_tokens VALUES (135194, 1);
INSERT INTO public.search_tokens VALUES (115293, 1);
INSERT INTO public.search_tokens VALUES (587518, 1);
INSERT INTO public.search_tokens VALUES (948870, 1);
INSERT INTO public.search_tokens VALUES (283443, 1);
INSERT INTO public.search_tokens VALUES (786321, 1);
INSERT INTO public.search_tokens VALUES (519573, 1);
INSERT INTO public.search_tokens VALUES (809971, 1);
INSERT INTO public.search_tokens VALUES (791495, 1);
INSERT INTO public.search_tokens VALUES (516397, 1);
INSERT INTO public.search_tokens VALUES (50132, 1);
INSERT INTO public.search_tokens VALUES (862607, 1);
INSERT INTO public.search_tokens VALUES (524424, 1);
INSERT INTO public.search_tokens VALUES (733877, 1);
INSERT INTO public.search_tokens VALUES (644106, 1);
INSERT INTO public.search_tokens VALUES (744422, 1);
INSERT INTO public.search_tokens VALUES (911215, 1);
INSERT INTO public.search_tokens VALUES (318658, 1);
INSERT INTO public.search_tokens VALUES (161762, 1);
INSERT INTO public.search_tokens VALUES (430351, 1);
INSERT INTO public.search_tokens VALUES (372469, 1);
INSERT INTO public.search_tokens VALUES (116789, 1);
INSERT INTO public.search_tokens VALUES (631204, 1);
INSERT INTO public.search_tokens VALUES (26102, 1);
INSERT INTO public.search_tokens VALUES (722637, 1);
INSERT INTO public.search_tokens VALUES (709515, 2);
INSERT INTO public.search_tokens VALUES (686866, 2);
INSERT INTO public.search_tokens VALUES (520787, 2);
INSERT INTO public.search_tokens VALUES (318658, 2);
INSERT INTO public.search_tokens VALUES (722637, 2);
INSERT INTO public.search_tokens VALUES (693356, 2);
INSERT INTO public.search_tokens VALUES (922443, 2);
INSERT INTO public.search_tokens VALUES (135194, 2);
INSERT INTO public.search_tokens VALUES (116789, 2);
INSERT INTO public.search_tokens VALUES (251269, 2);
INSERT INTO public.search_tokens VALUES (26102, 2);
INSERT INTO public.search_tokens VALUES (786321, 2);
INSERT INTO public.search_tokens VALUES (372469, 2);
INSERT INTO public.search_tokens VALUES (563077, 2);
INSERT INTO public.search_tokens VALUES (797562, 2);
INSERT INTO public.search_tokens VALUES (737509, 2);
INSERT INTO public.search_tokens VALUES (524424, 2);
INSERT INTO public.search_tokens VALUES (36230, 2);
INSERT INTO public.search_tokens VALUES (132312, 2);
INSERT INTO public.search_tokens VALUES (472696, 2);
INSERT INTO public.search_tokens VALUES (740364, 2);
INSERT INTO public.search_tokens VALUES (115293, 2);
INSERT INTO public.search_tokens VALUES (700231, 2);
INSERT INTO public.search_tokens VALUES (41404, 2);
INSERT INTO public.search_tokens VALUES (631204, 2);
INSERT INTO public.search_tokens VALUES (482473, 2);
INSERT INTO public.search_tokens VALUES (624376, 2);
INSERT INTO public.search_tokens VALUES (587518, 2);
INSERT INTO public.search_tokens VALUES (74379, 2);
INSERT INTO public.search_tokens VALUES (282228, 2);
INSERT INTO public.search_tokens VALUES (91073, 2);
INSERT INTO public.search_tokens VALUES (237475, 2);
INSERT INTO public.search_tokens VALUES (1028571, 2);
INSERT INTO public.search_tokens VALUES (948870, 2);
INSERT INTO public.search_tokens VALUES (519573, 2);
INSERT INTO public.search_tokens VALUES (586379, 2);
INSERT INTO public.search_tokens VALUES (31179, 2);
INSERT INTO public.search_tokens VALUES (430351, 2);
INSERT INTO public.search_tokens VALUES (787580, 2);
INSERT INTO public.search_tokens VALUES (744422, 2);
INSERT INTO public.search_tokens VALUES (50132, 2);
INSERT INTO public.search_tokens VALUES (363707, 2);
INSERT INTO public.search_tokens VALUES (216146, 2);
INSERT INTO public.search_tokens VALUES (1006391, 2);
INSERT INTO public.search_tokens VALUES (516397, 2);
INSERT INTO public.search_tokens VALUES (644106, 2);
INSERT INTO public.search_tokens VALUES (809971, 2);
INSERT INTO public.settings VALUES ('seal.check', '\x01adf2abbb91bd5cb5bc2adb0df3cf7edb8925ec274eeed200c92ab5fbd013294f7aade2caae6b4a', 1795348916540);
INSERT INTO public.settings VALUES ('retention.known', '\x01adf2abbbbeaf9a402a65946e52df4742fe403e532d3d67437a4594a332cbde2617bc9d74fad3acf287d66f7f3dac2678b99c95e51bda49d86a89aa8fd4f95a1845e505999f09634fa3ad688c996841a2e9c13db83c93d2b73ed1fab6b25ac0f7ae1c42a628a0edeff1739ed93b', 1795348920240);
INSERT INTO public.settings VALUES ('customers.seen', '\x01adf2abbb8dbfa5183074a3cf4d2184c28b4f495b9650932cfd60974d6d5134a8f3b9a18d2b70765b4a3cd50eaa0d5c801dc663ee5fffe9c7db32fabea1c7a75a712984a18aa6fd9a', 1795348932499);
INSERT INTO public.settings VALUES ('audit.head', '\x01adf2abbbd4c6deb746410b8edfcced54f4b15470701c9941229a17d37d020ea537cfe946f475f65f982ac50627a80517f666798f2e74447058bb9c83f0378657a5e1167b7a6b3c6c847c66cbedc27954d28366a2', 1795348942487);
INSERT INTO public.suppressed_numbers VALUES ('ab1817ae0ee2a7f3687999b458eba3f2', '5810cf48540a1b627f66c087cd5dd2a9', '\x01adf2abbb758b4b385eed66444ac4855d7f85a078e74e1b7a077f2cd7703ad4ed2f2aa04c6da46f649686f80e289d');
INSERT INTO public.suppressions VALUES ('5810cf48540a1b627f66c087cd5dd2a9', 'own', '', 1795348938533, NULL, 'by HOTLINE_API_TOKEN', '');
INSERT INTO public.ticket_files VALUES ('01M81J5FFFCDS714NP4NY2RQQ7', '01M81J5F6WFPCY66HDFGDB125C', '\x01adf2abbbc89f8c675f6d5baf0dc38e043d3636533e65bccd01feb4787b2ad08d7ec6ba70ca', 'text/plain', 13, 1795348938223, 'HOTLINE_API_TOKEN');
INSERT INTO public.ticket_notes VALUES ('01M81J5F6WFPCY66HDFGDB125C', 1, 1795348937948, 'HOTLINE_API_TOKEN', 'created', '\x01adf2abbb975b8e08a9ec83c86d7d60c02eaca30ca518f04e30a2840b5bb118810ae0');
INSERT INTO public.ticket_notes VALUES ('01M81J5F6WFPCY66HDFGDB125C', 2, 1795348938131, 'HOTLINE_API_TOKEN', 'comment', '\x01adf2abbbc9777f286e283903c0bb0f0bc1508cfb2ad47b4c1c17ef5e673a9589c29daa70c8b594fcd3e1c6dfc74038bbf442dad8531b0f745f4dafcf94');
INSERT INTO public.ticket_notes VALUES ('01M81J5F6WFPCY66HDFGDB125C', 3, 1795348938223, 'HOTLINE_API_TOKEN', 'file', '\x01adf2abbbdf181bc9b415c204c1442091b145ed83fa318cdc017a669c771448e6fd56907133ab32285368e02f9370eab4');
INSERT INTO public.ticket_parts VALUES ('01M81J5FFFCDS714NP4NY2RQQ7', 0, '\x01adf2abbb8f45f52c7948049b44b080a92f0e65492c07188970e9e74cf26ec4e9e4228010f00d3a6bcb7151abc5bc10ab96831b92');
INSERT INTO public.ticket_tokens VALUES (742393, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (689656, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (516, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (384327, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (538711, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (982368, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (789118, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.ticket_tokens VALUES (924247, '01M81J5F6WFPCY66HDFGDB125C');
INSERT INTO public.tickets VALUES ('01M81J5F6WFPCY66HDFGDB125C', 1001, 'repair', 'open', 1, '', '', 'api', 'HOTLINE_API_TOKEN', '', '\x01adf2abbb8bd3d92148f9611b4e1b5be10f9200cb54368bc4d3026cbdddb7952bbd7d1a3d3a2cfa4e243ae2', '0f3252117b826240937d7339da664fa2', '8a2316533b67add1c211a0dd8de02212', '\x01adf2abbb8bd0993bbb271f936d33772f2f21ee4c43dfd8df40a902d2f94b27694d1ac653791a092d795e6ca9', '\x01adf2abbba0bc7241278bb3bec20686e727dd70e186f0cd7f445485db0082b5d37082', 1795348937948, 1795348938131, NULL, NULL, 0, NULL, 2);
INSERT INTO public.turns VALUES ('01M81J516KG9P4W5FTRT1461EC', 1, 1795348928544, 'bot', '\x01adf2abbbdca740feee57a2ad4a8b5e3340f92471370c66c0a045ec6a864d84bbf9aa3872afd90004ab518f2767aad64e6c70cc834d0e4596943e3d6453015d68aa1d9409f05dd3827b45cd7afd757a3e29fc0fcf38dcb289df58e25ad0c8b20d0906125a7aeaf11dd2419fd0fc98fcad5aa76d51d9558ace814bdbdf53ee82f30db5d1592d9f06', '\x01adf2abbb22b61b9f5c367d9e13cf2812d89e48ff98f17cbb9b7e1e4fe253b482b7dd2f8b9e71e345c441d284825495baac2418a088d3ce0525114e0993e46d81add49665b589aba2bb8486e2618e429298a56e4ffa4fa86b0a661eab968abc9a770662f4c053258603c85cd5a232', 25, 4745, 0, 1, 'greeting', 'command', '', '', '', '');
INSERT INTO public.turns VALUES ('01M81J516KG9P4W5FTRT1461EC', 2, 1795348930660, 'bot', '\x01adf2abbbd584e60024389afb9984dadf335971720fcfdaed38f2b502602192653f9c2397c8d10f739fd24a0087eaf16a2aa1133f064c581eba6df7f815049e06f79fb0888479fa251e8d', '\x01adf2abbb743eb300504f61f700e31896f7556b883aae17bfa5fa09e05d1d9dc073871eed9148873b5f4ed5105440a37200b7684734b69c70634602', 4895, 7015, 0, 0.98, 'track', 'flow', 'track', '', '', '');
INSERT INTO public.turns VALUES ('01M81J5863011AZQ23YBWTN2C4', 1, 1795348935583, 'bot', '\x01adf2abbb75bbaed9fe365b37a49847a97dce706453fc5a5431d3739d4ca1172644255dd904f34fe6a2a3d189786b92ae8d8bf4f221fd670766c47787390f0046c4dafc03a0e8f5e7f54f90393e6dd381f75aa77792fceb7ec62c232aa4145d10e7fac8fa47837bb9f62d784d6ad98f970a96c4de65556418553b4612fd43a7c92ee7671ebe26ed', '\x01adf2abbb796d6483d1a114483aea35fe37431b80dce0b52614e37ca3d26311a4d329c00b0ebd1b2360cf5b9808021b56d9884ab132f4afa7f2847339f4186d62a436fc4b83c773ead7427f9a6945ebcfaffebf7d9c61c60f6988f49f88752f2e80e84beb81a5ce86e7f844a3d97b', 2, 4722, 0, 1, 'greeting', 'command', '', '', '', '');
INSERT INTO public.turns VALUES ('01M81J5863011AZQ23YBWTN2C4', 2, 1795348937837, 'bot', '\x01adf2abbbf697e43cada5a9fb04ad70400eeb6355aec1514a85c3e23faa7c0b3a2d3c70070daa5d2e7690b2bea03c8019bffe9f2744cad6596488b5a73d31fc072d8fddd68b8dbcc5bdfe30cbac8039c38b1e4b10269411e16345c519ebfe60763e68444f3873d48c44e7d294b9e0a987209350b85b1f87', '\x01adf2abbbd7f2e148d5b4066032620e7a48b62c2611c8b8db130ad62659ddbdf9c5e311583ce29a4b4d7440347902aecfa49073738a7bc56896df91c4a60d', 4803, 7003, 0, 0.98, 'return-how', 'knowledge', 'return-how', '', '', '');
INSERT INTO public.users VALUES ('01M81J4WSN5QG0302JAA9QG69A', 'admin', NULL, 'admin', '$argon2id$v=19$m=19456,t=2,p=1$SkKZ9XVt+K+J5M+gWF/Edg$2bz/eSJwRcmuT8bUuytIlABikIkpzX2ZmM9y+NlRDBQ', 0, 1795348919093, '', '', NULL, 0, 0, 1795348919360);
INSERT INTO public.users VALUES ('01M81J5F4HFVD9T31X7JHF3T1A', 'li', NULL, 'supervisor', '$argon2id$v=19$m=19456,t=2,p=1$nVgxewG5C+JWWsMqbRbRbw$+KKD+B3DxSYOTlZxJKnUfO5R6rLcH5q//+7848Qq1R0', 0, 1795348937873, '', '', NULL, 0, 0, 1795348937873);
ALTER TABLE ONLY public.agent_states
    ADD CONSTRAINT agent_states_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_key UNIQUE (hash);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);
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
ALTER TABLE ONLY public.campaign_ids
    ADD CONSTRAINT campaign_ids_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.campaign_nodes
    ADD CONSTRAINT campaign_nodes_pkey PRIMARY KEY (node);
ALTER TABLE ONLY public.campaign_versions
    ADD CONSTRAINT campaign_versions_pkey PRIMARY KEY (campaign_id, version);
ALTER TABLE ONLY public.campaigns
    ADD CONSTRAINT campaigns_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (number_hash, purpose, at);
ALTER TABLE ONLY public.contacts
    ADD CONSTRAINT contacts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.customer_numbers
    ADD CONSTRAINT customer_numbers_pkey PRIMARY KEY (number_hash);
ALTER TABLE ONLY public.customer_tokens
    ADD CONSTRAINT customer_tokens_pkey PRIMARY KEY (token, customer_id);
ALTER TABLE ONLY public.customers
    ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.flow_versions
    ADD CONSTRAINT flow_versions_pkey PRIMARY KEY (business, file, n);
ALTER TABLE ONLY public.knowledge_versions
    ADD CONSTRAINT knowledge_versions_pkey PRIMARY KEY (business, pair, n);
ALTER TABLE ONLY public.login_attempts
    ADD CONSTRAINT login_attempts_pkey PRIMARY KEY (account, source);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.number_days
    ADD CONSTRAINT number_days_pkey PRIMARY KEY (number_hash, day, campaign_id);
ALTER TABLE ONLY public.outbound_ledger
    ADD CONSTRAINT outbound_ledger_pkey PRIMARY KEY (account, subject, since);
ALTER TABLE ONLY public.proposals
    ADD CONSTRAINT proposals_pkey PRIMARY KEY (business, id);
ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, hash);
ALTER TABLE ONLY public.refusals
    ADD CONSTRAINT refusals_pkey PRIMARY KEY (contact_id, day, reason);
ALTER TABLE ONLY public.review_notes
    ADD CONSTRAINT review_notes_pkey PRIMARY KEY (review_id, seq);
ALTER TABLE ONLY public.reviews
    ADD CONSTRAINT reviews_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.rule_versions
    ADD CONSTRAINT rule_versions_pkey PRIMARY KEY (business, version);
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
ALTER TABLE ONLY public.suppressed_numbers
    ADD CONSTRAINT suppressed_numbers_pkey PRIMARY KEY (number_hash);
ALTER TABLE ONLY public.suppressed_numbers
    ADD CONSTRAINT suppressed_numbers_subject_key UNIQUE (subject);
ALTER TABLE ONLY public.suppressions
    ADD CONSTRAINT suppressions_pkey PRIMARY KEY (subject, list, purpose);
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
ALTER TABLE ONLY public.trigger_keys
    ADD CONSTRAINT trigger_keys_pkey PRIMARY KEY (name, key);
ALTER TABLE ONLY public.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (call_id, idx);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_name_key UNIQUE (name);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.wishes
    ADD CONSTRAINT wishes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.wrapups
    ADD CONSTRAINT wrapups_pkey PRIMARY KEY (id);
CREATE INDEX alerts_call ON public.alerts USING btree (call_id);
CREATE INDEX alerts_raised ON public.alerts USING btree (node, raised_at);
CREATE UNIQUE INDEX assessments_call ON public.assessments USING btree (call_id, subject);
CREATE INDEX assessments_made ON public.assessments USING btree (made_at, id);
CREATE INDEX assessments_week ON public.assessments USING btree (week, subject);
CREATE INDEX attempts_abandoned ON public.attempts USING btree (number_hash) WHERE (outcome = 'abandoned'::text);
CREATE INDEX attempts_call ON public.attempts USING btree (call_id);
CREATE INDEX attempts_campaign ON public.attempts USING btree (campaign_id, claimed_at);
CREATE INDEX attempts_contact ON public.attempts USING btree (contact_id, id);
CREATE INDEX attempts_in_use ON public.attempts USING btree (number_hash) WHERE (settled_at IS NULL);
CREATE INDEX attempts_open ON public.attempts USING btree (campaign_id, node) WHERE (settled_at IS NULL);
CREATE INDEX attempts_settled ON public.attempts USING btree (campaign_id, settled_at);
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
CREATE INDEX contacts_due ON public.contacts USING btree (campaign_id, state, due, place, id);
CREATE UNIQUE INDEX contacts_number ON public.contacts USING btree (number_hash, campaign_id);
CREATE INDEX customer_numbers_customer ON public.customer_numbers USING btree (customer_id);
CREATE INDEX customer_numbers_tail ON public.customer_numbers USING btree (number_tail);
CREATE INDEX customer_tokens_customer ON public.customer_tokens USING btree (customer_id);
CREATE INDEX customers_seen ON public.customers USING btree (seen_at, id);
CREATE INDEX deliveries_next ON public.deliveries USING btree (state, next_at);
CREATE INDEX knowledge_versions_state ON public.knowledge_versions USING btree (business, state, pair, n);
CREATE INDEX login_attempts_last ON public.login_attempts USING btree (last_at);
CREATE INDEX login_attempts_source ON public.login_attempts USING btree (source, last_at);
CREATE INDEX number_days_day ON public.number_days USING btree (day);
CREATE INDEX outbound_ledger_until ON public.outbound_ledger USING btree (until);
CREATE INDEX proposals_state ON public.proposals USING btree (business, state, score, id);
CREATE INDEX refusals_campaign ON public.refusals USING btree (campaign_id, reason);
CREATE INDEX reviews_call ON public.reviews USING btree (call_id);
CREATE INDEX reviews_number ON public.reviews USING btree (number_hash);
CREATE INDEX reviews_send ON public.reviews USING btree (send_at) WHERE (send_at IS NOT NULL);
CREATE INDEX reviews_state ON public.reviews USING btree (state, made_at, id);
CREATE INDEX search_tokens_doc ON public.search_tokens USING btree (doc);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX suppressions_at ON public.suppressions USING btree (at, subject);
CREATE INDEX ticket_files_ticket ON public.ticket_files USING btree (ticket_id);
CREATE INDEX ticket_tokens_ticket ON public.ticket_tokens USING btree (ticket_id);
CREATE INDEX tickets_call ON public.tickets USING btree (call_id);
CREATE INDEX tickets_escalate ON public.tickets USING btree (escalate_at) WHERE (escalate_at IS NOT NULL);
CREATE INDEX tickets_made ON public.tickets USING btree (made_at, id);
CREATE INDEX tickets_number ON public.tickets USING btree (number_hash);
CREATE INDEX tickets_state ON public.tickets USING btree (state, made_at, id);
CREATE INDEX trigger_keys_at ON public.trigger_keys USING btree (at);
CREATE INDEX turns_response ON public.turns USING btree (at) WHERE (response_ms > 0);
CREATE INDEX wishes_call ON public.wishes USING btree (call_id);
CREATE INDEX wishes_state ON public.wishes USING btree (state, created_at, id);
CREATE INDEX wishes_transcript ON public.wishes USING btree (transcript_state, transcript_after);
CREATE INDEX wishes_wanted ON public.wishes USING btree (kind, state, wanted_at);
CREATE INDEX wrapups_call ON public.wrapups USING btree (call_id);
CREATE INDEX wrapups_open ON public.wrapups USING btree (agent, changed_at);
CREATE INDEX wrapups_saved ON public.wrapups USING btree (saved_at) WHERE (saved_at IS NOT NULL);
ALTER TABLE ONLY public.assessments
    ADD CONSTRAINT assessments_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
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
ALTER TABLE ONLY public.wrapups
    ADD CONSTRAINT wrapups_call_id_fkey FOREIGN KEY (call_id) REFERENCES public.calls(id) ON DELETE CASCADE;
