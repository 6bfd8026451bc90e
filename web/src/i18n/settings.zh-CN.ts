/** Settings: lines, sensitive words, score sheets, privacy. */
export const settingsZh = {
  lines: {
    tab: '线路', title: '线路', lead: '号码、声音、开场白改好后写回 business.yaml，注释都保留，从下一通电话开始生效。',
    name: '名称', fresh: '新线路', numbers: '号码', default: '没列出的号码也由它接', language: '语言', ofBusiness: '跟随业务', voice: '声音', ofLanguage: '用该语言的声音', listen: '去试听',
    disclosure: '身份与录音告知', disclosureHint: '必须让来电人听完；要说明是智能助手、会录音。', greeting: '开场问句', outbound: '外呼时的开场',
    elsewhere: '这条线路的内容在另一个业务里：', add: '添加线路', voices: '每种语言的声音', music: '等待音乐', musicHint: '业务文件夹里的 .wav 文件；空着用自带的',
    trunks: '电话从这些运营商打进、打出，这是它们的状态。', changeTrunks: '修改中继',
  },
  words: {
    tab: '敏感词', title: '敏感词', lead: '自带的词表之上，加上您自己的词，或把不合适的拿掉。写进业务文件夹的 moderation/，从下一通电话开始生效。',
    category: '类别', own: '自己的', shipped: '自带的', caller: '来电人说了', bot: '机器人要说', allow: '放行的说法',
    hint: "一行一个。~赌博：读音相同的也算；=老虎机：只认这几个字；杀…全家：中间可隔几个字；词 {'|'} warn：单独规定怎么处理；-词：从自带词表里拿掉。",
    allowHint: '一行一个。出现在这些说法里的词不算敏感词。', line: '第 {n} 行：', shippedTitle: '自带的 {n} 个词', find: '查找', takeOut: '拿掉', back: '恢复', rest: '还有 {n} 个，请查找',
    policies: { pass: '不管', calm: '不接话，回到正题', warn: '警告一次', transfer: '转人工', end: '结束通话', crisis: '危机关怀并转人工', block: '不说', says: '可以说' },
  },
  sheets: {
    tab: '评分表', title: '质检评分表', lead: '写回 quality.yaml，注释都保留。已经评过的通话按当时的表。', ours: '现在用的是自带的评分表；改动会在业务文件夹里存成 quality.yaml。',
    sample: '每周抽查', perAgent: '每位坐席', bot: '智能助手', least: '至少多长的通话', leastHint: '0 是 15 秒', sum: '共 {n} 分', name: '名称', for: { agents: '坐席', bot: '智能助手' }, pass: '合格分', lines: '线路（不选就是全部）',
    item: '评分项', points: '分值', rule: '怎么打分', knockout: '一票否决', limit: '沉默超过', times: '最多几次', phrases: '说过其中一句就算，逗号分开', words: '另外的禁语，逗号分开', help: '给复核人的说明', add: '添加评分表', addItem: '添加评分项',
    rules: { none: '人工打分', greeting: '主动问候', disclosure: '告知录音', forbidden: '没有禁语', dead_air: '没有冷场', overtalk: '不抢话', resolution: '问题解决', says: '说过某句话' },
  },
  privacy: {
    tab: '隐私与留存', title: '隐私与留存', only: '只有管理员能看这一页。', lead: '期限写在 hotline.yaml 的 privacy 里。每小时清理一次，删除的结果记进审计。',
    kind: '数据', days: '保存', forever: '一直保存', nDays: '{n} 天', overdue: '到期未删', soon: '一周内到期', last: '最近一次删除', deleted: '删了 {n} 条', left: '还剩 {n} 条没删掉', never: '还没有到期的',
    kinds: { recordings: '录音', transcripts: '对话文字', calls: '通话记录', tickets: '工单', audit: '审计记录' },
    report: '隐私检查', reportHint: '与 hotline audit privacy 相同；每天也会存一份到数据文件夹的 reports/。', run: '重新检查', running: '正在检查…', at: '检查时间：', good: '没有需要处理的：没有未打码的个人信息，没有过期数据。',
    files: { messages: '没有网关而留在这里的短信', attempts: '外来尝试的记录', log: '日志', export: '导出文件', named: '您指定的文件', other: '数据目录里的文件' },
    unmasked: '{file}（{what}）第 {line} 行起有未打码的个人信息：{kinds}', overrun: '{kind} 有 {n} 条超过 {days} 天', plain: '{n} 个已结束通话的录音还没有加密', rotating: '密钥更换没有完成，请运行 hotline key rotate', due: '密钥已用 {n} 天，该更换了：hotline key rotate', hashDue: '查找用的密钥已用 {n} 天，该更换了：hotline key rotate', broken: '审计记录被改动：{text}',
    data: { phone: '电话号码', identity: '身份证号', card: '银行卡号', email: '邮箱', address: '地址' },
    key: '密钥', keyIs: '第 {id} 号，用了 {n} 天', keyDue: '满 {n} 天应更换', trail: '审计记录', trailIs: '{n} 条，完整',
    who: '最近 30 天谁看过、听过', actor: '谁', recordings: '听录音', calls: '看通话', numbers: '看完整号码', exports: '导出', nobody: '没有人', listened: '听过的通话',
    caller: '来电人的数据', callerHint: '来电人要求提供或删除自己的数据时用。会记进审计；号码本身不留在审计里。', number: '电话号码', look: '查看有什么', found: '这个号码有：{what}', nothing: '这个号码没有任何数据。',
    export: '导出 zip', erase: '全部删除', eraseTitle: '删除这个来电人的全部数据', eraseAsk: '通话、录音、文字、工单、客户资料都会删除，不能恢复。请再输入一次号码：', erased: '已删除：{what}。没有任何留下。', exported: '已导出', again: '号码不一致',
    tables: { calls: '通话', recordings: '录音', tickets: '工单', wishes: '待办', customers: '客户资料', customer_numbers: '客户号码', messages: '短信', sms: '短信', call_events: '通话事件', other: '其他记录' }, rows: '{n} 条{what}',
  },
  trunks: {
    tab: '中继', title: '中继', lead: '电话从哪些运营商打进、打出。在这里改的存在数据库里，优先于 hotline.yaml，马上生效，正在进行的通话不受影响。',
    none: '还没有运营商：只有 SIP 话机和浏览器能打进来。', add: '添加中继', fresh: '新中继', kept: '数据库',
    origin: { settings: '来自 hotline.yaml', changed: '在这里改过', console: '在控制台添加' }, again: '恢复 hotline.yaml 的写法', willBe: '保存后恢复 hotline.yaml 的写法。', gone: 'hotline.yaml 里有、在这里停用的：', putBack: '恢复使用',
    name: '名称', nameHint: '小写字母、数字和下划线；记录和报表里显示它。', kind: '运营商怎么认我们', kinds: { register: '用账号注册', static: '按我们的地址' },
    proxy: '服务器', proxyHint: 'sip:主机[:端口][;transport=tcp]，用逗号分开；前一个不通就用下一个。', user: '账号', password: '密码', keep: '不变', passwordHint: '不会显示。留空就保持原来的。',
    addresses: '来电地址', addressesHint: '运营商的其他地址或网段：203.0.113.0/24。', inbound: '被叫号码', inboundHint: '一个号码、一段号码的开头，或 * 代表其余，以及由哪条线路接听。', number: '号码', line: '线路', addNumber: '添加号码',
    outbound: '从这里呼出的号码', outboundHint: '所有中继里开头最长的优先。一条都没有就不能呼出。', match: '开头是', strip: '去掉', put: '前面加', addRule: '添加规则',
    caller: '主叫号码', callerHint: '留空用账号。', callers: '还可以显示', callersHint: '用逗号分开；以 * 结尾代表所有这样开头的号码。', bounds: '上限', channels: '同时通话', rate: '每秒新呼叫', noLimit: '0 是不限。',
    more: '更多', domain: '域名', domainHint: '留空用第一个服务器的。', authUser: '登录名', authUserHint: '和账号不同时才填。', expires: '注册时长', seconds: '秒', options: '每隔多久问一次是否在线', optionsHint: '0 是不问。', priority: '优先级', priorityHint: '条件相同的中继里，数字小的先用。',
    style: '主叫号码放在', styles: { pai: 'From 和 P-Asserted-Identity', from: 'From', account: 'P-Asserted-Identity，From 里是账号', rpid: 'From 和 Remote-Party-ID' }, codecs: '编码', codecsHint: 'PCMA、PCMU、G722、opus；留空按通常的来。', dtmf: '按键', dtmfs: { auto: '按协商', info: '用 INFO', inband: '用声音' },
    costs: '每分钟价格', costsHint: '按号码开头；outbound.max_spend_per_day 按它算。', price: '价格', addCost: '添加价格', remove: '停用这条中继',
    try: '测试', trying: '正在问运营商…', there: '{proxy} 在 {n} 毫秒内应答', notThere: '{proxy} 没有应答：{why}', signed: '账号可以登录，有效 {n} 秒', notSigned: '账号不能登录：{why}', wrong: '没有测试：{why}',
  },
  tried: { use: '就用这个声音', choose: '换个声音试听', used: '已保存，下一通电话就用它' },
}

export type SettingsCatalogue = typeof settingsZh
