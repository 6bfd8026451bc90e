/** The audit page: every operation that is written down, by its id, and what is told of it. */
export const auditZh = {
  actions: {
    login: '登录', locked: '登录被锁', logout: '退出登录', numbers: '看到完整号码', retention: '按期限删除', 'retention-changed': '保留期限改变', 'campaign-waits': '活动暂时不拨打',
    'key-made': '生成新密钥', 'key-rotated': '密钥轮换完成', 'caller-exported': '导出来电人数据', 'caller-erased': '删除来电人数据', backup: '备份',
    'create-ticket': '新建工单', 'get-ticket': '查看工单', 'change-ticket': '修改工单', 'comment-ticket': '写工单进展', 'attach-file': '给工单添加附件', 'get-file': '下载工单附件', 'export-tickets-csv': '导出工单', 'export-tickets-xlsx': '导出工单', 'retry-webhook': '重发通知', 'get-review': '查看审核', 'approve-review': '批准申请', 'refuse-review': '拒绝申请', 'undo-review': '撤销审核', 'get-customer': '查看客户', 'get-customer-numbers': '查看客户完整号码', 'change-customer': '修改客户', 'merge-customers': '合并客户', 'part-customer': '拆分客户',
    'get-call': '查看通话', 'get-recording': '听录音', 'export-calls': '导出通话', 'place-call': '外呼', 'hang-up': '挂断通话', 'join-call': '旁听、耳语或插话',
    'add-user': '添加用户', 'change-user': '修改用户', 'reset-password': '重置密码', 'end-totp': '取消动态码', 'end-session': '结束登录', 'end-sessions': '结束全部登录',
    'add-token': '新建令牌', 'revoke-token': '作废令牌', 'change-my-password': '修改自己的密码', 'begin-totp': '准备动态码', 'confirm-totp': '开启动态码',
    'end-my-totp': '关闭动态码', 'end-my-session': '退出自己的登录', 'end-my-other-sessions': '退出其他登录', 'set-wish': '处理待办',
    'create-knowledge': '新建问答', 'change-knowledge': '修改问答', 'publish-knowledge': '发布问答', 'withdraw-knowledge': '下线问答', 'write-knowledge': '写回知识文件', 'import-knowledge': '导入知识',
    'add-consent': '登记同意', 'add-contact': '给外呼加一个人', 'approve-proposals': '批准新说法', 'call-assist': '看通话中的建议', 'call-customer': '看对方是谁', 'change-alert': '处理预警',
    'change-campaign': '修改外呼', 'command-call': '操作通话（保持、转接等）', 'create-campaign': '新建外呼', 'create-flow': '新建流程', 'delete-flow': '删除流程', 'dial-contact': '拨打外呼名单里的人',
    'discard-knowledge': '放弃草稿', 'do-not-call': '登记不要再打', 'draw-assessments': '抽取质检', 'export-contacts-csv': '导出外呼名单', 'export-contacts-xlsx': '导出外呼名单', 'get-assessment': '查看质检',
    'get-contact': '查看外呼名单里的人', 'get-wrap-up': '查看话后小结', 'import-consents': '导入同意名单', 'import-contacts': '导入外呼名单', 'import-suppressions': '导入不打的号码', 'leave-call': '退出旁听',
    'list-consents': '查看同意记录', 'list-contacts': '查看外呼名单', 'list-suppressions': '查看不打的号码', 'look-for-caller': '查找来电人的数据', 'look-for-proposals': '查看通话找新说法', 'may-call': '恢复可以打',
    'next-contact': '看下一位要打的人', 'paraphrase-question': '请语言模型写说法', 'pause-campaign': '暂停外呼', 'pick-assessment': '选通话质检', 'privacy-report': '隐私检查', 'refuse-proposals': '拒绝新说法',
    'reject-knowledge': '退回问答', 'reply-assessment': '回复质检', 'resolve-knowledge': '处理问答冲突', 'restore-flow': '恢复流程', 'restore-knowledge': '恢复问答', 'resume-campaign': '继续外呼',
    'review-assessment': '质检评分', 'save-flow': '修改流程', 'send-sms': '发短信', 'set-agent-state': '改坐席状态', 'set-phone-password': '换话机密码', 'set-rollout': '改机器人接听比例',
    'set-rules': '修改业务规则或线路', 'set-share': '改人机分工', 'set-sheets': '修改评分表', 'set-trunks': '修改中继', 'set-words': '修改敏感词', 'skip-contact': '跳过外呼名单里的人',
    'start-campaign': '开始外呼', 'stop-campaign': '停止外呼', 'submit-knowledge': '问答提交审核', 'supervise-call': '改旁听方式或接管', suppress: '登记不打的号码', trigger: '触发外呼',
    'try-trunk': '测试中继', 'undo-proposals': '撤销新说法的决定', 'undo-rules': '撤销业务规则的修改', 'undo-sheets': '撤销评分表的修改', 'undo-trunks': '撤销中继的修改', 'undo-words': '撤销敏感词的修改',
    unsuppress: '拿出不打的号码', 'withdraw-contact': '从外呼名单拿掉', 'wrap-up-call': '写话后小结',
  },
  kinds: { scanner: '扫描程序', login_failed: '话机密码不对', unknown_user: '拨打不存在的号码', malformed: '发来很多坏消息', flood: '请求过多', half_open: '未接通的呼叫过多', connections: '连接过多', blocked: '已屏蔽', unblocked: '解除屏蔽', toll_fraud: '不允许的外呼' },
  details: {
    source: '来自', until: '直到', count: '几个', ids: '编号', added: '新增', agent: '坐席', business: '业务', by: '方式',
    call: '通话', caller: '来电人', changed: '改了', file: '文件', from: '从', kind: '类型', list: '名单', made: '生成',
    mode: '方式', note: '说明', proxy: '服务器', reason: '原因', role: '角色', rows: '行数', scopes: '范围', state: '状态',
    ticket: '工单', token: '令牌', trunk: '中继', undoes: '撤销第几次', user: '用户', version: '版本', week: '周', query: '条件',
    why: '原因', detail: '详情', before: '之前', after: '之后', dry_run: '只是试算',
  },
}

export type AuditCatalogue = typeof auditZh
